"""`rag chat`: a conversation at a prompt. What a line that begins with `/` does is told by cli.chat_commands.

Called by cli.asking. Lines of a pipe are asked as if they were typed, without a prompt; the first that cannot
be answered ends it then.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import typer

from cli.ask import answered, found, print_citations, print_state, question_body, say
from cli.bulk.failures import printable
from cli.chat_commands import Chat, obey, opened_sources
from cli.client import base_of, check, told_of
from cli.errors import CommandError
from shared.query.harmless import plain

_PROMPT = "> "


def run(
    client: httpx.Client, filters: dict[str, Any], *, conversation: str | None, model: str | None
) -> None:
    """Until the input ends. Errors: `CommandError`; at a terminal they are told, and it goes on."""
    is_asked = sys.stdin.isatty()
    with opened_sources() as folder:
        chat = Chat(client=client, filters=filters, folder=folder, model=model)
        chat.conversation = found(client, conversation)
        if chat.conversation:
            _print_turns(chat)
        if is_asked:
            typer.echo("Ask; /help shows what else can be done, Ctrl-D leaves.", err=True)
        for line in _lines(is_asked=is_asked):
            try:
                with told_of(base_of(client)):
                    _take(chat, line)
            except CommandError as error:
                if not is_asked:
                    raise
                typer.echo(f"rag: {printable(str(error))}", err=True)
            if chat.is_over:
                return


def _take(chat: Chat, line: str) -> None:
    if line.startswith("/"):
        obey(chat, line)
        return
    if not sys.stdin.isatty():
        typer.echo(f"{_PROMPT}{printable(line)}")
    body = question_body(line, chat.filters, conversation=chat.conversation, model=chat.model)
    try:
        answer = answered(chat.client, body, say)
    except KeyboardInterrupt:  # the stream is closed by then, which ends the host's work
        typer.echo("\n(stopped)", err=True)
        return
    typer.echo()
    chat.conversation, chat.citations = answer["conversation_id"], answer["citations"]
    print_citations(chat.citations, base_of(chat.client))
    print_state(answer)
    typer.echo()


def _lines(*, is_asked: bool) -> Iterator[str]:
    """Typed or piped, without empty ones. Ctrl-C throws away what is being typed."""
    if is_asked:
        with contextlib.suppress(ImportError):  # Windows
            import readline  # noqa: F401 (`input` edits lines by it)
    while True:
        try:
            line = input(_PROMPT) if is_asked else input()
        except KeyboardInterrupt:
            if not is_asked:
                raise
            typer.echo(err=True)
            continue
        except EOFError:
            if is_asked:
                typer.echo(err=True)
            return
        if line.strip():
            yield line.strip()


def _print_turns(chat: Chat) -> None:
    """What was said before. Errors: `CommandError` for a conversation that is not there."""
    told = check(chat.client.get(f"/api/conversations/{chat.conversation}")).json()
    for turn in told["turns"]:
        answer = "(withheld: it cites what you may no longer read)" if turn["withheld"] else turn["answer"]
        typer.echo(f"{_PROMPT}{printable(turn['question'])}\n{plain(answer)}\n")
        chat.citations = turn["citations"]
