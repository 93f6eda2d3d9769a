"""`rag ask` and `rag chat`: what each takes. The work is done by cli.ask and cli.chat. Part of cli.main."""

import sys
from typing import Annotated, Any

import typer

from cli.commands import Host, command
from cli.errors import WrongUseError
from cli.options import Json

app = typer.Typer()

Folder = Annotated[str | None, typer.Option("--folder", help="Search only here: handbooks, shared/terms.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only such files: pdf. May be repeated.")
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Only under it. May be repeated: any of.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only what was indexed then or later.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Only what was indexed until then.")
]
Conversation = Annotated[
    str | None,
    typer.Option("--conversation", metavar="ID", help="Go on with this one; `last` is the newest."),
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="ID", help="Who answers; extractive quotes. Without it the host's own."),
]


@command(
    app,
    examples=(
        "rag ask 'How many days of annual leave do I have?'",
        "rag ask 'Who signs?' --folder shared/contracts --type pdf",
        "rag ask 'And in the second year?' --conversation last",
        "echo 'How long is the warranty?' | rag ask - --json",
    ),
)
def ask(
    question: Annotated[str, typer.Argument(help="A - reads it from standard input.")],
    host: Host,
    *,
    conversation: Conversation = None,
    model: Model = None,
    folder: Folder = None,
    types: Types = None,
    tags: Tags = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Ask a host; the answer streams, its citations follow."""
    from cli.ask import run

    if question == "-":
        question = sys.stdin.read().strip()
        if not question:
            raise WrongUseError("the standard input has no question")
    filters = _given(folder=folder, types=types, tags=tags, since=since, until=until)
    with host.client() as client:
        run(client, question, filters, conversation=conversation, model=model, as_json=json)


@command(
    app,
    examples=("rag chat", "rag chat --conversation last", "rag chat --folder shared/hr --model extractive"),
)
def chat(
    host: Host,
    *,
    conversation: Conversation = None,
    model: Model = None,
    folder: Folder = None,
    types: Types = None,
    tags: Tags = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Ask again and again in one conversation; /help lists what else can be done. Ctrl-D leaves."""
    from cli.chat import run

    filters = _given(folder=folder, types=types, tags=tags, since=since, until=until)
    with host.client() as client:
        run(client, filters, conversation=conversation, model=model)


def _given(**filters: Any) -> dict[str, Any]:
    """As the API takes them."""
    return {name: value for name, value in filters.items() if value not in (None, [])}
