"""The work of `rag documents …`, over the host's API."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import typer

from cli.bulk.failures import printable
from cli.client import check
from cli.errors import CommandError
from cli.progress import counted
from cli.tables import Column, Row, print_json, show

_RETRYING = httpx.Timeout(10.0, read=600.0)  # seconds; there may be many thousands


def show_all(
    client: httpx.Client, narrowed: Mapping[str, str | None] | None = None, *, as_json: bool = False
) -> None:
    """One line per document, by name; `narrowed` as the API takes it."""
    given = {name: value for name, value in (narrowed or {}).items() if value is not None}
    show(
        _listed(client, **given),
        Column(title="status", value=_status),
        Column(title="name", value=lambda document: str(document["name"])),
        Column(title="", value=_told_of),
        Column(title="tags", value=lambda document: " ".join(f"#{tag}" for tag in document["tags"])),
        as_json=as_json,
    )


def tag_named(client: httpx.Client, tag: str, names: list[str], *, remove: bool) -> None:
    """Each of them. Errors: `CommandError`, before any is changed if one is not there."""
    tag = tag.strip().casefold()  # as the host keeps it
    for document in [_find(client, name) for name in names]:
        tags = set(document["tags"]) - {tag} if remove else {*document["tags"], tag}
        changed = check(client.patch(f"/api/documents/{document['id']}", json={"tags": sorted(tags)}))
        typer.echo(printable(f"{document['name']}: {', '.join(changed.json()['tags']) or 'no tags'}"))


def share_named(client: httpx.Client, names: list[str], readers: list[str]) -> None:
    """Each of them. Errors: `CommandError`, before any is changed if one is not there."""
    for document in [_find(client, name) for name in names]:
        changed = check(client.patch(f"/api/documents/{document['id']}", json={"readers": readers})).json()
        told = ", ".join(changed["readers"]) or "nobody but its owner"
        typer.echo(printable(f"{document['name']}: {told}"))


def delete_named(client: httpx.Client, names: list[str]) -> None:
    """Each of them. Errors: `CommandError`, before any is deleted if one is not there."""
    for document in [_find(client, name) for name in names]:
        check(client.delete(f"/api/documents/{document['id']}"))
        typer.echo(printable(f"{document['name']} is deleted"))


def retry_named(client: httpx.Client, names: list[str]) -> None:
    """Each of them, whatever its state. Errors: `CommandError`, before any is retried if one is not there."""
    paths = [f"/api/documents/{_find(client, name)['id']}/retry" for name in names]
    for path in paths:
        check(client.post(path))
    _say(len(paths))


def retry_failed(client: httpx.Client, *, parked_only: bool) -> None:
    body = {"parked_only": parked_only}
    _say(check(client.post("/api/documents/retry", json=body, timeout=_RETRYING)).json()["retried"])


def show_summary(client: httpx.Client, *, as_json: bool = False) -> None:
    summary = check(client.get("/api/documents/summary")).json()
    if as_json:
        print_json(summary)
        return
    for status, count in summary["documents"].items():
        parked = f"  ({summary['parked']:,} parked)" if status == "failed" and summary["parked"] else ""
        typer.echo(f"{status:<10}{count:>9,}{parked}")
    typer.echo(_pace(summary))
    for name in ("queue", "fills"):
        if queue := summary.get(name):
            waiting = f", the oldest for {_span(queue['oldest_seconds'])}" if queue["length"] else ""
            typer.echo(f"{name}: {counted(queue['length'], 'message')}{waiting}")


def _pace(summary: dict[str, Any]) -> str:
    if not summary["backlog"]:
        return "nothing waits"
    expected = summary["expected_seconds"]
    end = "nothing moves" if expected is None else f"done in about {_span(expected)}"
    waiting = counted(summary["backlog"], "document")
    return f"{waiting} to do, {summary['per_minute']:,.0f} a minute: {end}"


def _span(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _find(client: httpx.Client, name: str) -> dict[str, Any]:
    for document in _listed(client, prefix=name):
        if document["name"] == name:
            return document
    raise CommandError(f"there is no document {name}; `rag documents` lists them")


def _listed(client: httpx.Client, **narrowed: str) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        parameters = narrowed | ({"after": after} if after else {})
        page = check(client.get("/api/documents", params=parameters)).json()
        yield from page["documents"]
        after = page["next"]
        if after is None:
            return


def _status(document: Row) -> str:
    waits = document["status_text"].startswith("waiting: ")  # which tells the reason itself
    return str(document["status"] if waits else document["status_text"])


def _told_of(document: Row) -> str:
    if document["status_text"].startswith("waiting: "):
        return str(document["status_text"])
    size = f"{counted(document['pages'], document['page_kind'])}, {counted(document['chunks'], 'chunk')}"
    return str(document["reason"] or size)


def _say(retried: int) -> None:
    typer.echo(f"{counted(retried, 'document')} queued again")
