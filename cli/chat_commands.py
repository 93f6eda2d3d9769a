"""What can be said in `rag chat` beside questions: lines that begin with `/`. Called by cli.chat."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx
import typer

from cli.ask import print_citations
from cli.bulk.failures import printable
from cli.client import base_of, check
from cli.errors import CommandError
from shared.query.harmless import plain, visible

# What a viewer shows without running anything that the file says. The host knows more types than these.
_SHOWN = frozenset(
    {".pdf", ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp", ".txt", ".md", ".csv"}
    | {".docx", ".xlsx", ".pptx", ".epub", ".rtf", ".odt", ".eml"}
)


@dataclass(kw_only=True)
class Chat:
    """Where a conversation is."""

    client: httpx.Client
    filters: dict[str, Any]
    folder: Path  # of the sources that are looked at
    model: str | None = None
    conversation: str | None = None
    citations: list[dict[str, Any]] = field(default_factory=list)
    is_over: bool = False


@contextlib.contextmanager
def opened_sources() -> Iterator[Path]:
    """A folder of this person's alone, gone with the conversation."""
    with tempfile.TemporaryDirectory(prefix="rag-sources-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def obey(chat: Chat, line: str) -> None:
    """Errors: `CommandError`."""
    name, _, argument = line.partition(" ")
    wanted = _COMMANDS.get(name)
    if wanted is None:
        raise CommandError(f"there is no {name}; /help shows what there is")
    wanted(chat, argument.strip())


def _help(_: Chat, __: str) -> None:
    for what, does in _HELP:
        typer.echo(f"{what:<16}{does}")


def _begin_anew(chat: Chat, _: str) -> None:
    chat.conversation, chat.citations = None, []
    typer.echo("a new conversation begins with the next question", err=True)


def _list_sources(chat: Chat, _: str) -> None:
    if not chat.citations:
        raise CommandError("the last answer cites nothing")
    print_citations(chat.citations, base_of(chat.client))
    for citation in chat.citations:
        typer.echo(f"\n[{citation['marker']}] {visible(plain(citation['snippet']))}")


def _open_source(chat: Chat, number: str) -> None:
    """The whole document, in what this system shows such files with."""
    if not sys.stdout.isatty():
        raise CommandError("/open shows a file to whoever sits at a terminal")
    found = [each for each in chat.citations if str(each["marker"]) == number.strip("[]")]
    if not found:
        raise CommandError("name a source of the last answer: /open 1; /sources lists them")
    name = PurePosixPath(found[0]["document"]).name
    path = chat.folder / printable(name)
    content = check(chat.client.get(urlsplit(found[0]["url"]).path))
    path.write_bytes(content.content)
    typer.echo(f"{path}, {found[0]['page_kind']} {found[0]['page']}")
    if path.suffix.lower() in _SHOWN:
        typer.launch(str(path))


def _choose_model(chat: Chat, wanted: str) -> None:
    listed = [each["id"] for each in check(chat.client.get("/api/v1/models")).json()["data"]]
    if wanted and wanted not in listed:
        raise CommandError(f"there is no model {wanted}; there is {', '.join(listed)}")
    chat.model = wanted or chat.model
    for model in listed:
        typer.echo(f"{'*' if model == (chat.model or listed[0]) else ' '} {printable(model)}")


def _export(chat: Chat, file: str) -> None:
    """As Markdown, into the file or onto the screen."""
    if chat.conversation is None:
        raise CommandError("nothing has been said yet")
    told = check(chat.client.get(f"/api/conversations/{chat.conversation}/export")).text
    if not file:
        typer.echo(plain(told))
        return
    try:
        with Path(file).expanduser().open("x", encoding="utf-8") as out:
            out.write(told)
    except OSError as error:
        why = (
            "is there already" if isinstance(error, FileExistsError) else f"is not written: {error.strerror}"
        )
        raise CommandError(f"{file} {why}; /export takes the name of a new file") from error
    typer.echo(f"written to {file}", err=True)


def _quit(chat: Chat, _: str) -> None:
    chat.is_over = True


_COMMANDS: dict[str, Callable[[Chat, str], None]] = {
    "/help": _help,
    "/new": _begin_anew,
    "/sources": _list_sources,
    "/open": _open_source,
    "/model": _choose_model,
    "/export": _export,
    "/quit": _quit,
}
_HELP = (
    ("/new", "begin another conversation"),
    ("/sources", "show the passages that the last answer cites"),
    ("/open N", "open the document of source N"),
    ("/model [ID]", "show who can answer, or choose"),
    ("/export [FILE]", "show the conversation as Markdown, or write it to a new file"),
    ("/quit", "leave, as Ctrl-D does"),
    ("Ctrl-C", "stop the answer, or throw away what is being typed"),
)
