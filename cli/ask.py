"""`rag ask`: a question to a running host, answered as it streams."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from cli.client import check, signed_in
from cli.errors import CommandError
from shared.query.harmless import plain, visible
from shared.settings import Settings


def run(
    question: str,
    settings: Settings,
    *,
    filters: dict[str, Any],
    url: str | None,
    email: str | None,
    password: str | None,
) -> None:
    """`filters` as the API takes them. Errors: `CommandError`, also for an answer that broke off."""
    body = {"question": question, "filters": filters}
    with (
        signed_in(settings, url=url, email=email, password=password) as client,
        client.stream("POST", "/api/query", json=body, headers={"Accept": "text/event-stream"}) as response,
    ):
        answer = _print_answer(events(check(response).iter_lines()))
        _print_citations(answer, str(client.base_url).rstrip("/"))


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


def _print_answer(stream: Iterator[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    for name, data in stream:
        if name == "delta":
            typer.echo(plain(data["text"]), nl=False)
        elif name == "error":
            typer.echo()
            raise CommandError(str(data.get("detail") or data.get("title")))
        elif name == "done":
            typer.echo()
            return data
    raise CommandError("the answer broke off; ask again")


def _print_citations(answer: dict[str, Any], address: str) -> None:
    if answer["citations"]:
        typer.echo()
    for citation in answer["citations"]:
        place = f"{citation['document']}, {citation['page_kind']} {citation['page']}"
        typer.echo(f"[{citation['marker']}] {visible(place)}  {address}{citation['url']}")
    if answer["degraded"]:
        typer.echo(f"(degraded: {answer['degraded']}, {answer['degraded_reason']})", err=True)
