"""The work of `rag index …`, over the host's API."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import typer

from cli.client import check
from cli.errors import CommandError
from cli.progress import counted
from cli.tables import Column, show

_COMPARING = httpx.Timeout(10.0, read=240.0)  # seconds; a comparison asks many questions
_LOOK_EVERY = 1.0  # seconds
_BODY = 900_000  # bytes of questions that fit into a request


_COLUMNS = (
    Column(title="state", value=lambda index: str(index["state"])),
    Column(title="name", value=lambda index: str(index["name"])),
    Column(title="documents", value=lambda index: int(index["documents"])),
    Column(title="missing", value=lambda index: int(index["missing"])),
    Column(title="chunks", value=lambda index: int(index["chunks"])),
    Column(title="embedder", value=lambda index: f"{index['embedder']} ({index['dimension']})"),
    Column(title="cut", value=lambda index: f"{index['chunk_chars']}/{index['chunk_overlap']}"),
    Column(title="gate", value=lambda index: _judged(index.get("gate"))),
)


def show_all(client: httpx.Client, *, as_json: bool = False) -> None:
    show(_listed(client), *_COLUMNS, as_json=as_json)


def build(client: httpx.Client, wanted: dict[str, Any], *, wait: bool) -> None:
    given = {name: value for name, value in wanted.items() if value is not None}
    index = check(client.post("/api/indexes", json=given)).json()
    typer.echo(_line(index))
    if wait:
        _follow(client, index["name"])


def gate(client: httpx.Client, name: str, questions: Path | None) -> bool:
    """Whether it may be promoted. Errors: `CommandError`."""
    body = {} if questions is None else {"questions": _read(questions)}
    report = check(client.post(f"{_path(name)}/gate", json=body, timeout=_COMPARING)).json()
    typer.echo(f"{report['documents'] - report['missing']:,} of {counted(report['documents'], 'document')}")
    if report["questions"]:
        for what, field in (("recall@10", "recall"), ("answer rate", "answered")):
            typer.echo(f"{what}: live {report['live'][field]:.3f}, this {report['other'][field]:.3f}")
        typer.echo(f"over {counted(report['questions'], 'question')}")
    elif not report["missing"]:
        typer.echo("no question with known sources to compare by")
    typer.echo(f"refused: {report['refusal']}" if report["refusal"] else "may be promoted")
    return report["refusal"] is None


def promote(client: httpx.Client, name: str, *, force: bool) -> None:
    parameters = {"force": "true"} if force else {}
    typer.echo(
        _line(check(client.post(f"{_path(name)}/promote", params=parameters, timeout=_COMPARING)).json())
    )


def rollback(client: httpx.Client) -> None:
    typer.echo(_line(check(client.post("/api/indexes/rollback")).json()))


def remove(client: httpx.Client, name: str) -> None:
    check(client.delete(_path(name)))
    typer.echo(f"{name} is removed")


def _follow(client: httpx.Client, name: str) -> None:
    """A line whenever more of it is filled, until nothing is missing."""
    said = ""
    while True:
        index = next(each for each in _listed(client) if each["name"] == name)
        line = _line(index)
        if line != said:
            typer.echo(line)
            said = line
        if index["state"] == "removed":
            raise CommandError(f"{name} was removed")
        if not index["missing"]:
            return
        time.sleep(_LOOK_EVERY)


def _listed(client: httpx.Client) -> list[dict[str, Any]]:
    indexes: list[dict[str, Any]] = check(client.get("/api/indexes")).json()["indexes"]
    return indexes


def _judged(gate: dict[str, Any] | None) -> str:
    if gate is None:
        return ""
    return f"refused: {gate['refusal']}" if gate["refusal"] else "may be promoted"


def _line(index: dict[str, Any]) -> str:
    documents = counted(index["documents"], "document")
    if index["missing"]:
        documents += f", {index['missing']:,} missing"
    filled = f"{index['embedder']} ({index['dimension']}), {index['chunk_chars']}/{index['chunk_overlap']}"
    return f"{index['state']:<9} {index['name']}  {documents}, {counted(index['chunks'], 'chunk')}; {filled}"


def _read(file: Path) -> list[dict[str, Any]]:
    """As the API takes them: documents by the name of their blob. Errors: `CommandError`."""
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        questions = [
            {
                "question": line["question"],
                "answers": [
                    {"document": _blob_name(a["document"]), "page": a["page"]} for a in line["answers"]
                ],
            }
            for line in lines
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{file}: every line is a JSON object with question and answers") from error
    if len(json.dumps(questions)) > _BODY:
        raise CommandError(f"{file} has too many questions for one comparison")
    return questions


def _blob_name(document: str) -> str:
    return document if document.startswith(("shared/", "users/")) else f"shared/{document}"


def _path(name: str) -> str:
    return f"/api/indexes/{quote(name, safe='')}"
