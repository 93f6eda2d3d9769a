"""`rag index …`: what it asks of the API, and what it says."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import index_versions
from cli.errors import CommandError

NAME = "documents-v2-20261122t101010"
INDEX: dict[str, Any] = {
    "name": NAME,
    "state": "building",
    "embedder": "small",
    "dimension": 64,
    "chunk_chars": 900,
    "chunk_overlap": 120,
    "documents": 1,
    "missing": 2,
    "chunks": 1500,
}
REPORT: dict[str, Any] = {
    "documents": 3,
    "missing": 0,
    "questions": 20,
    "live": {"recall": 0.9, "answered": 0.8},
    "other": {"recall": 0.5, "answered": 0.75},
    "refusal": None,
}


class Api:
    """Answers each request with the next of `answers`; the last one again and again."""

    def __init__(self, *answers: dict[str, Any], status: int = 200) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._answers, self._status = list(answers), status
        transport = httpx.MockTransport(self._answer)
        self.client = httpx.Client(base_url="http://host", transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, str(request.url).removeprefix("http://host"), body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(self._status, json=answer)


def test_a_line_tells_all_of_an_index(capsys: pytest.CaptureFixture[str]) -> None:
    live = {**INDEX, "state": "live", "documents": 3, "missing": 0, "gate": {**REPORT, "refusal": "worse"}}
    index_versions.show_all(Api({"indexes": [live, INDEX]}).client)
    assert capsys.readouterr().out.splitlines() == [
        f"live\t{NAME}\t3\t0\t1500\tsmall (64)\t900/120\trefused: worse",
        f"building\t{NAME}\t1\t2\t1500\tsmall (64)\t900/120\t",
    ]


def test_a_build_asks_for_what_was_given_and_no_more() -> None:
    api = Api(INDEX, status=202)
    wanted = {"embedder": "small", "dimension": None, "chunk_chars": 300, "chunk_overlap": None}
    index_versions.build(api.client, wanted, wait=False)
    assert api.asked == [("POST", "/api/indexes", {"embedder": "small", "chunk_chars": 300})]


def test_a_build_is_followed_until_nothing_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_versions, "_LOOK_EVERY", 0)
    listed = [{"indexes": [{**INDEX, "missing": missing}]} for missing in (2, 2, 1, 0)]
    index_versions.build(Api(INDEX, *listed).client, {}, wait=True)
    said = capsys.readouterr().out
    assert [said.count(text) for text in ("2 missing", "1 missing", "1 document,")] == [2, 1, 4]
    assert "missing" not in said.splitlines()[-1]


def test_a_build_that_was_given_up_is_not_followed_for_ever() -> None:
    removed = {"indexes": [{**INDEX, "state": "removed", "missing": 0}]}
    with pytest.raises(CommandError, match=f"{NAME} was removed"):
        index_versions.build(Api(INDEX, removed).client, {}, wait=True)


def test_a_comparison_says_how_both_did(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api({**REPORT, "refusal": "recall@10 falls"})
    assert not index_versions.gate(api.client, NAME, None)
    assert api.asked == [("POST", f"/api/indexes/{NAME}/gate", {})]
    assert capsys.readouterr().out.splitlines() == [
        "3 of 3 documents",
        "recall@10: live 0.900, this 0.500",
        "answer rate: live 0.800, this 0.750",
        "over 20 questions",
        "refused: recall@10 falls",
    ]


def test_a_comparison_without_questions_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert index_versions.gate(Api({**REPORT, "questions": 0}).client, NAME, None)
    assert capsys.readouterr().out.splitlines() == [
        "3 of 3 documents",
        "no question with known sources to compare by",
        "may be promoted",
    ]


def test_questions_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    answers = [{"document": "a.pdf", "page": 2}, {"document": "users/u/b.md", "page": 1}]
    file.write_text(json.dumps({"question": "Why?", "answers": answers, "must_contain": ["x"]}) + "\n\n")
    api = Api(REPORT)
    assert index_versions.gate(api.client, NAME, file)
    ((_, _, body),) = api.asked
    known = [{"document": "shared/a.pdf", "page": 2}, {"document": "users/u/b.md", "page": 1}]
    assert body == {"questions": [{"question": "Why?", "answers": known}]}


@pytest.mark.parametrize("content", ["Why?", '{"question": "Why?"}', "[1]"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(content)
    with pytest.raises(CommandError, match="every line is a JSON object with question and answers"):
        index_versions.gate(Api(REPORT).client, NAME, file)


def test_what_is_promoted_rolled_back_and_removed() -> None:
    api = Api(INDEX)
    index_versions.promote(api.client, NAME, force=False)
    index_versions.promote(api.client, NAME, force=True)
    index_versions.rollback(api.client)
    index_versions.remove(api.client, NAME)
    assert [asked[:2] for asked in api.asked] == [
        ("POST", f"/api/indexes/{NAME}/promote"),
        ("POST", f"/api/indexes/{NAME}/promote?force=true"),
        ("POST", "/api/indexes/rollback"),
        ("DELETE", f"/api/indexes/{NAME}"),
    ]


def test_a_refusal_is_told_in_one_line() -> None:
    api = Api({"detail": f"{NAME} is not promoted: recall@10 falls"}, status=409)
    with pytest.raises(CommandError, match=f"^409: {NAME} is not promoted: recall@10 falls$"):
        index_versions.promote(api.client, NAME, force=False)
