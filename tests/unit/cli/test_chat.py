"""What can be said in `rag chat` beside questions, against an API of a few answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.ask import found, question_body
from cli.chat_commands import Chat, obey
from cli.errors import CommandError

SOURCE: dict[str, Any] = {
    "marker": 1,
    "document_id": "d1",
    "document": "terms.docx",
    "page": 2,
    "page_kind": "page",
    "snippet": "two \u2060years",
    "url": "/api/documents/d1/content#page=2",
}


class Api:
    def __init__(self) -> None:
        self.conversations: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/v1/models":
                return httpx.Response(200, json={"data": [{"id": "gpt"}, {"id": "extractive"}]})
            case "/api/conversations":
                return httpx.Response(200, json={"conversations": self.conversations})
            case "/api/conversations/c1/export":
                return httpx.Response(200, text="# Title\n")
        return httpx.Response(404, json={"detail": "there is none"})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def chat(tmp_path: Path, api: Api) -> Iterator[Chat]:
    with httpx.Client(transport=httpx.MockTransport(api), base_url="http://host") as client:
        yield Chat(client=client, filters={}, folder=tmp_path)


def test_a_new_conversation_forgets_the_one_before(chat: Chat) -> None:
    chat.conversation, chat.citations = "c1", [SOURCE]
    obey(chat, "/new")
    assert (chat.conversation, chat.citations) == (None, [])


def test_sources_are_shown_with_what_they_say(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.citations = [SOURCE]
    obey(chat, "/sources")
    said = capsys.readouterr().out
    assert "[1] terms.docx, page 2  http://host/chat#document/d1/2" in said
    assert "[1] two years" in said


def test_a_model_is_chosen_among_those_there_are(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    obey(chat, "/model")
    assert capsys.readouterr().out == "* gpt\n  extractive\n"
    obey(chat, "/model extractive")
    assert capsys.readouterr().out == "  gpt\n* extractive\n"
    with pytest.raises(CommandError, match="no model claude; there is gpt, extractive"):
        obey(chat, "/model claude")
    assert question_body("Why?", {}, conversation=None, model=chat.model) == {
        "question": "Why?",
        "filters": {},
        "model": "extractive",
    }


def test_a_conversation_is_exported_and_overwrites_nothing(
    chat: Chat, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat.conversation = "c1"
    obey(chat, "/export")
    assert capsys.readouterr().out == "# Title\n\n"
    obey(chat, f"/export {tmp_path / 'kept file.md'}")
    assert (tmp_path / "kept file.md").read_text() == "# Title\n"
    with pytest.raises(CommandError, match="is there already"):
        obey(chat, f"/export {tmp_path / 'kept file.md'}")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/sources", "cites nothing"),
        ("/open 1", "at a terminal"),
        ("/export", "nothing has been said yet"),
        ("/bogus", "there is no /bogus; /help"),
    ],
)
def test_what_cannot_be_done_is_told(chat: Chat, line: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        obey(chat, line)


def test_help_names_every_command_and_quit_leaves(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    obey(chat, "/help")
    said = capsys.readouterr().out
    for name in ("/new", "/sources", "/open N", "/model", "/export", "/quit", "Ctrl-C"):
        assert name in said
    assert not chat.is_over
    obey(chat, "/quit")
    assert chat.is_over


def test_the_last_conversation_is_the_newest(chat: Chat, api: Api) -> None:
    with pytest.raises(CommandError, match="no conversation yet"):
        found(chat.client, "last")
    api.conversations = [{"id": "c9"}]
    assert (found(chat.client, "last"), found(chat.client, "c1"), found(chat.client, None)) == (
        "c9",
        "c1",
        None,
    )


def test_questions_go_out_as_the_api_takes_them() -> None:
    body = question_body("Why?", {"folder": "hr"}, conversation="c1", model=None)
    assert json.dumps(body) == '{"question": "Why?", "filters": {"folder": "hr"}, "conversation_id": "c1"}'
