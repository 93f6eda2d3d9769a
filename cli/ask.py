"""`rag ask`: a question to a host, answered as it streams. `rag chat` asks and prints by it, too."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import typer

from cli.client import base_of, check
from cli.errors import CommandError
from cli.tables import print_json
from shared.query.harmless import plain, visible

Answer = dict[str, Any]  # as the API gives it


def run(
    client: httpx.Client,
    question: str,
    filters: dict[str, Any],
    *,
    conversation: str | None = None,
    model: str | None = None,
    as_json: bool = False,
) -> None:
    """`filters` as the API takes them. Errors: `CommandError`, also for an answer that broke off."""
    body = question_body(question, filters, conversation=found(client, conversation), model=model)
    if as_json:
        print_json(answered(client, body, lambda _: None))
        return
    answer = answered(client, body, say)
    typer.echo()
    print_citations(answer["citations"], base_of(client))
    print_state(answer)
    if sys.stderr.isatty() and answer.get("conversation_id"):
        typer.echo(f"(to go on: --conversation {answer['conversation_id']})", err=True)


def question_body(
    question: str, filters: dict[str, Any], *, conversation: str | None, model: str | None
) -> dict[str, Any]:
    """What is not given is not sent: hosts of before know no `model`."""
    optional = {"conversation_id": conversation, "model": model}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"question": question, "filters": filters, **given}


def found(client: httpx.Client, conversation: str | None) -> str | None:
    """Its id; `last` is the newest. Errors: `CommandError`."""
    if conversation != "last":
        return conversation
    listed = check(client.get("/api/conversations", params={"limit": 1})).json()["conversations"]
    if not listed:
        raise CommandError("there is no conversation yet; ask without --conversation")
    return str(listed[0]["id"])


def answered(client: httpx.Client, body: dict[str, Any], say: Callable[[str], None]) -> Answer:
    """The answer, once it is whole; each piece of its text is handed to `say` before.

    Errors: `CommandError`.
    """
    with client.stream("POST", "/api/query", json=body, headers={"Accept": "text/event-stream"}) as response:
        for name, data in events(check(response).iter_lines()):
            if name == "delta":
                say(data["text"])
            elif name == "error":
                say("\n")
                raise CommandError(str(data.get("detail") or data.get("title")))
            elif name == "done":
                return data
    say("\n")
    raise CommandError("the answer broke off; ask again")


def say(text: str) -> None:
    """A piece of an answer, at once, as a terminal may see it."""
    typer.echo(plain(text), nl=False)


def events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The server-sent events of a stream, as (event, data). Comments are dropped."""
    name, data = "message", ""
    for line in lines:
        field, _, value = line.partition(":")
        if not line and data:
            yield name, json.loads(data)
            name, data = "message", ""
        elif field == "event":
            name = value.strip()
        elif field == "data":
            data += value.removeprefix(" ")


def print_citations(citations: list[dict[str, Any]], address: str) -> None:
    if citations:
        typer.echo()
    for citation in citations:
        place = f"{citation['document']}, {citation['page_kind']} {citation['page']}"
        # On the page: the API shows no document to a browser, which sends no token.
        shown_at = f"{address}/chat#document/{citation['document_id']}/{citation['page']}"
        typer.echo(f"[{citation['marker']}] {visible(place)}  {shown_at}")


def print_state(answer: Answer) -> None:
    """That it is not what it should have been, and why."""
    if answer["degraded"]:
        typer.echo(f"(degraded: {answer['degraded']}, {answer['degraded_reason']})", err=True)
