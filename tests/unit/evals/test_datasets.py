"""Datasets are read as their layouts say, and what is wrong in them is told by file and line."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.datasets import QUESTIONS, as_markdown, document_name, read_dataset
from evals.question_rows import TYPES, DatasetError
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits

ROW = {"question": "How long?", "answers": [{"document": "terms.md", "page": 1}]}


def folder_with(path: Path, **files: str | list[dict[str, Any]]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else "".join(f"{json.dumps(row)}\n" for row in content)
        file = path / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return path


def beir(path: Path, judgements: str) -> Path:
    return folder_with(
        path,
        corpus_jsonl=[{"_id": "d/1", "title": "Whales", "text": "They sing."}, {"_id": "2", "text": "Cats."}],
        queries_jsonl=[{"_id": "7", "text": "Who sings?"}, {"_id": "8", "text": "Nobody asks this."}],
        qrels__test_tsv=f"query-id\tcorpus-id\tscore\n{judgements}",
    )


def test_a_set_in_beirs_layout_has_its_judged_questions_with_their_grades(tmp_path: Path) -> None:
    found = read_dataset(beir(tmp_path, "7\td/1\t2\n7\t2\t0\n"))
    (question,) = found.questions
    assert (question.id, question.text, question.is_answerable) == ("7", "Who sings?", True)
    assert question.truths == {(document_name("d/1"), None): 2.0}
    assert found.documents[document_name("2")] == b"Cats."


def test_a_judgement_that_is_none_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"test\.tsv:3: expected query-id"):
        read_dataset(beir(tmp_path, "7\td/1\t2\n7 d/1 2\n"))


def test_names_of_documents_are_safe_and_their_own() -> None:
    assert document_name("4983") == "4983.md"
    names = {document_name(each) for each in ("a/b", "a b", "a:b", "../a", "é" * 200, "é" * 201)}
    assert len(names) == 6
    assert all("/" not in name and len(name) < 100 and not name.startswith(".") for name in names)


def test_a_title_and_a_text_arrive_as_they_are(tmp_path: Path) -> None:
    text = "It is *not* a | table.\n# 12 of them\n\nEnd."
    file = tmp_path / "d.md"
    file.write_bytes(as_markdown("A title: with\na colon", text))
    parsed = parse_file(file, file.name, ParseLimits())
    assert (parsed.title, parsed.pages[0].text) == ("A title: with a colon", text)


def test_truths_of_a_folder_cite_pages_or_whole_files(tmp_path: Path) -> None:
    truth = "Ten days [a.pdf#page=3] or more [sic], says [b.md]. [a.pdf#page=12]"
    folder_with(tmp_path, a_pdf="x", b_md="y")
    (tmp_path / "ground_truth.jsonl").write_text(json.dumps({"question": "How long?", "truth": truth}))
    (question,) = read_dataset(tmp_path).questions
    assert set(question.truths) == {("a.pdf", 3), ("b.md", None), ("a.pdf", 12)}
    assert question.truth == "Ten days or more [sic], says."


def test_questions_lie_beside_their_documents_or_elsewhere(tmp_path: Path) -> None:
    documents = folder_with(tmp_path, terms_md="Two years.", sub__hidden_md="x", questions_jsonl=[ROW])
    beside = read_dataset(documents)
    elsewhere = read_dataset(documents / "questions.jsonl", documents=documents)
    assert beside == elsewhere
    assert sorted(beside.documents) == ["sub/hidden.md", "terms.md"]
    assert beside.digest() == elsewhere.digest()


def test_another_byte_or_question_is_another_dataset(tmp_path: Path) -> None:
    digests = []
    for content, row in (("a", ROW), ("b", ROW), ("b", ROW | {"must_contain": ["two"]})):
        digests.append(read_dataset(folder_with(tmp_path, terms_md=content, questions_jsonl=[row])).digest())
    assert len(set(digests)) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "question must be text"),
        ({"type": "trick"}, "type must be one of fact, table"),
        ({"answers": None}, "answers must be a list"),
        ({"answers": [{"document": "terms.md"}]}, "an answer is {document, page}"),
        ({"answers": [{"document": "other.md", "page": 1}]}, "there is no document other.md"),
        ({"answers": [{"document": "terms.md", "page": 0}]}, "a page is a number from 1"),
        ({"must_contain": "two"}, "must_contain must be a list"),
        ({"must_contain": [["two", 2]]}, "must_contain must be a list"),
        ({"history": "What?"}, "history must be a list of texts"),
        ({"anwser": "two"}, "unknown: anwser"),
        ({"id": "first"}, "the id first is taken"),
    ],
)
def test_a_malformed_row_is_told_by_its_line(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    rows = [ROW | {"id": "first"}, ROW | change]
    with pytest.raises(DatasetError, match=rf"questions\.jsonl:2: {said}"):
        read_dataset(folder_with(tmp_path, terms_md="x", questions_jsonl=rows))


def test_what_is_no_dataset_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no corpus"):
        read_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"questions\.jsonl:1: no JSON"):
        read_dataset(folder_with(tmp_path, questions_jsonl="{question: 1}"))


def test_a_part_of_the_questions_is_taken_from_everywhere(tmp_path: Path) -> None:
    rows = [ROW | {"id": f"q{number}"} for number in range(10)]
    found = read_dataset(folder_with(tmp_path, terms_md="x", questions_jsonl=rows))
    assert [each.id for each in found.limited(3).questions] == ["q0", "q3", "q6"]
    assert found.limited(50) is found
    assert found.limited(3).digest() != found.digest()


def test_our_own_questions_are_about_the_samples_and_of_every_type() -> None:
    found = read_dataset(QUESTIONS)
    assert "employee-handbook.pdf" in found.documents
    assert {each.type for each in found.questions} == set(TYPES)
    assert len(found.questions) >= 120
