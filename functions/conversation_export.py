"""The caller's conversations as files: one as Markdown or JSON, all of them as JSON lines.

They show what `functions.conversations` shows.
"""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse

from functions.conversations import conversation
from functions.dependencies import Caller, ServicesOf
from shared.domain import Principal
from shared.errors import NotFound
from shared.query.harmless import harmless
from shared.services import Services

router = APIRouter(tags=["conversations"])

_PAGE = 500  # conversations that are listed at once
_NAME_CHARS = 80
_WITHHELD = "*Withheld: it cites a document that you may no longer read.*"


@router.get("/api/conversations/export", response_class=Response)
async def export_conversations(caller: Caller, services: ServicesOf) -> Response:
    """All of them with their turns, the newest first, a line of JSON each."""
    # Their ids first: one that is talked in meanwhile moves to the front, where it would be missed.
    ids = [each async for each in _ids(caller, services)]
    lines = _lines(ids, caller, services)
    first = await anext(lines, "")  # what fails at once is told as an error, not by a file that breaks off
    return StreamingResponse(
        _from(first, lines),
        media_type="application/jsonl",
        headers=_named("conversations", "jsonl"),
    )


@router.get("/api/conversations/{conversation_id}/export", response_class=Response)
async def export_conversation(
    conversation_id: str,
    caller: Caller,
    services: ServicesOf,
    kind: Annotated[Literal["markdown", "json"], Query(alias="format")] = "markdown",
) -> Response:
    """One conversation to read, or as `GET` shows it."""
    shown = await conversation(conversation_id, caller, services)
    if kind == "json":
        return JSONResponse(shown, headers=_named(shown["title"], "json"))
    text = harmless(_markdown(shown), services.limits.link_hosts)
    return Response(text, media_type="text/markdown; charset=utf-8", headers=_named(shown["title"], "md"))


async def _ids(caller: Principal, services: Services) -> AsyncGenerator[str, None]:
    after: tuple[float, str] | None = None
    while page := await services.metadata.list_conversations(caller.user_id, limit=_PAGE, after=after):
        for each in page:
            yield each.id
        after = (page[-1].updated_at, page[-1].id)


async def _lines(ids: list[str], caller: Principal, services: Services) -> AsyncGenerator[str, None]:
    for conversation_id in ids:
        try:
            shown = await conversation(conversation_id, caller, services)
        except NotFound:
            continue  # deleted meanwhile
        yield json.dumps(shown, ensure_ascii=False) + "\n"


async def _from(first: str, rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    async with aclosing(rest):
        yield first
        async for line in rest:
            yield line


def _named(title: str, suffix: str) -> dict[str, str]:
    """The header that makes a file of a response, with a name that every system takes."""
    printable = "".join(each if each.isprintable() else " " for each in title)
    name = " ".join(re.sub(r'[<>:"/\\|?*]', " ", printable)[:_NAME_CHARS].split()).strip(". ")
    quoted = quote(f"{name or 'conversation'}.{suffix}", safe="")
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quoted}"}


def _markdown(shown: dict[str, Any]) -> str:
    parts = [f"# {_plain(shown['title'])}"]
    for number, turn in enumerate(shown["turns"], start=1):
        parts += [f"## Question {number}", f"*{turn['asked_at']}*", _quoted(turn["question"]), "### Answer"]
        parts.append(_WITHHELD if turn["withheld"] else _quoted(turn["answer"]))
        sources = [_source(citation) for citation in turn["citations"]]
        parts += ["### Sources", "\n".join(sources)] if sources else []
    return "\n\n".join(parts) + "\n"


def _source(citation: dict[str, Any]) -> str:
    marker, place = citation["marker"], f"{citation['page_kind']} {citation['page']}"
    return f"- \\[{marker}\\] {_plain(citation['document'])}, {place}"


def _plain(text: str) -> str:
    """One line that Markdown takes for nothing else."""
    return re.sub(r"([\\`*_\[\]<>&~|#!])", r"\\\1", " ".join(text.split()))


def _quoted(text: str) -> str:
    """Markdown in a block of its own that nothing in it can leave."""
    return "\n".join(f"> {line}" for line in text.splitlines()) or ">"
