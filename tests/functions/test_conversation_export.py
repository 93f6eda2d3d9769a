"""Conversations as files: what their owner is shown, and nothing that breaks out of its place."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from markdown_it import MarkdownIt

from functions import conversation_export
from shared.domain import EVERYONE, Turn
from shared.errors import BackendUnavailable
from shared.services import Services
from tests.stand_ins.cited_turns import cited_turn, publish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def talk(
    services: Services, user_id: str, *turns: Turn, conversation_id: str = "c1", title: str = "Where?"
) -> None:
    await publish(services.metadata, "d1", frozenset({EVERYONE}))
    for turn in turns:
        assert await services.metadata.add_turn(conversation_id, user_id, turn, title=title, max_turns=10)


async def exported(person: Any, kind: str = "markdown", conversation_id: str = "c1") -> httpx.Response:
    response = await person.http.get(f"/api/conversations/{conversation_id}/export", params={"format": kind})
    assert response.status_code == 200, response.text
    return response


async def test_a_conversation_is_exported_as_markdown_with_its_sources(ada: Any, services: Services) -> None:
    await talk(
        services, ada.user_id, cited_turn("d1"), cited_turn(question="And when?", answer="I don't know.")
    )
    response = await exported(ada)
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''Where.md"
    assert response.text == (
        "# Where?\n\n"
        "## Question 1\n\n*2001-09-09T01:46:40+00:00*\n\n> Where?\n\n"
        "### Answer\n\n> Here [1].\n\n### Sources\n\n- \\[1\\] notes.\u2060md, page 3\n\n"
        "## Question 2\n\n*2001-09-09T01:46:40+00:00*\n\n> And when?\n\n"
        "### Answer\n\n> I don't know.\n"
    )


async def test_as_json_it_is_what_the_route_of_the_conversation_shows(ada: Any, services: Services) -> None:
    await talk(services, ada.user_id, cited_turn("d1"))
    response = await exported(ada, "json")
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''Where.json"
    assert response.json() == (await ada.http.get("/api/conversations/c1")).json()


async def test_all_conversations_are_exported_a_line_each_in_as_many_pages_as_it_takes(
    ada: Any, bob: Any, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_export, "_PAGE", 2)
    for number in range(5):
        turn = cited_turn("d1", question="日本\n?", asked_at=1e9 + number // 2)
        await talk(services, ada.user_id, turn, conversation_id=f"c{number}")
        await talk(services, bob.user_id, turn, conversation_id=f"of bob {number}")
    response = await ada.http.get("/api/conversations/export")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/jsonl"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''conversations.jsonl"
    lines = [json.loads(line) for line in response.text.split("\n")[:-1]]
    assert [each["id"] for each in lines] == ["c4", "c2", "c3", "c0", "c1"]
    assert lines[3] == (await ada.http.get("/api/conversations/c0")).json()


async def test_who_has_no_conversation_exports_an_empty_file(ada: Any) -> None:
    response = await ada.http.get("/api/conversations/export")
    assert (response.status_code, response.text) == (200, "")


@pytest.mark.parametrize("path", ["/api/conversations/c1/export", "/api/conversations/export"])
async def test_nothing_is_exported_to_nobody(http: httpx.AsyncClient, refused: Refused, path: str) -> None:
    refused(await http.get(path), 401, "not-authenticated")


async def test_an_unknown_format_is_refused(ada: Any, refused: Refused) -> None:
    path = "/api/conversations/c1/export"
    refused(await ada.http.get(path, params={"format": "pdf"}), 422, "invalid-request")


async def test_no_export_shows_a_turn_that_is_withheld(ada: Any, services: Services) -> None:
    secret = cited_turn("d1", answer="The SECRET [1].", document="shared/SECRET.md")
    await talk(services, ada.user_id, secret)
    assert "SECRET" in (await exported(ada)).text
    await services.metadata.set_readers("d1", frozenset({"user:somebody-else"}), now=2.0)
    everything = await ada.http.get("/api/conversations/export")
    for response in (await exported(ada), await exported(ada, "json"), everything):
        assert response.status_code == 200
        assert "SECRET" not in response.text
        assert "Where?" in response.text
    assert "Withheld" in (await exported(ada)).text
    assert json.loads(everything.text)["turns"][0]["withheld"]


async def test_without_the_store_of_rights_nothing_is_exported(
    ada: Any, services: Services, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(document_ids: object) -> None:
        raise BackendUnavailable("the metadata store is out of reach")

    await talk(services, ada.user_id, cited_turn("d1", answer="The SECRET [1]."))
    monkeypatch.setattr(services.metadata, "documents", down)
    for path in ("c1", "c1/export", "export"):
        response = await ada.http.get(f"/api/conversations/{path}")
        assert "SECRET" not in refused(response, 503, "backend-unavailable")["detail"]


HOSTILE = [
    "# heading",
    "```\nnever closed",
    "<script>alert(1)</script>",
    "</blockquote><h2>Question 9</h2>",
    "<!-- never closed",
    "![seen](https://evil.example/pixel)",
    "[1]: https://evil.example",
    "x\r## Question 9\r\n### Answer\u2028## Question 10",
    "[1\n]: https://evil.example",
    "- [1]: https://evil.example\n\n[1]",
    "> [1]: /evil",
    "    code\n\tcode",
    "heading\n=======",
    "x\n***\n---",
    "1. one\n   - two",
    "<https://evil.example>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_people_and_models_wrote_cannot_break_out_of_its_place(
    ada: Any, services: Services, text: str
) -> None:
    turn = cited_turn("d1", question=text, answer=text, document=f"users/u1/{text}")
    await talk(services, ada.user_id, turn, cited_turn("d1"), title=text)
    tokens = MarkdownIt("commonmark", {"html": True}).parse((await exported(ada)).text)
    own = [token for token in tokens if token.level == 0 and token.type.endswith("_open")]
    turn_of = ["heading", "paragraph", "blockquote", "heading", "blockquote", "heading", "bullet_list"]
    assert [token.type.removesuffix("_open") for token in own] == ["heading", *turn_of, *turn_of]
    inside = {each.type for token in tokens for each in (token, *(token.children or []))}
    assert inside.isdisjoint({"html_block", "html_inline", "image", "link_open"})


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc passwd.md"),
        ('a"; filename=evil.exe\r\nX-Evil: 1', "a ; filename=evil.exe X-Evil 1.md"),
        ("résumé 日本 🦊", "résumé 日本 🦊.md"),
        ("abc\u202egnp.exe", "abc gnp.exe.md"),
        ("...", "conversation.md"),
        ("x" * 200, "x" * 80 + ".md"),
    ],
)
async def test_the_files_name_is_the_title_as_far_as_systems_take_it(
    ada: Any, services: Services, title: str, name: str
) -> None:
    await talk(services, ada.user_id, cited_turn(), title=title)
    response = await exported(ada)
    prefix = "attachment; filename*=UTF-8''"
    assert response.headers["content-disposition"].startswith(prefix)
    assert unquote(response.headers["content-disposition"].removeprefix(prefix)) == name
    assert "x-evil" not in response.headers
