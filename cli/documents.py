"""`rag documents …`: what each command takes. The work is done by cli.library. Part of cli.main."""

from typing import Annotated, Literal

import typer

from cli.commands import Host, command, examples_of, group, with_host
from cli.completion import document_names
from cli.errors import WrongUseError
from cli.options import Json

_EXAMPLES = ("rag documents", "rag documents --status failed", "rag documents --tag hr --json")

app = group("List the documents that you may read; tag, share, retry, delete, count them.", shows_help=False)

Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME…", help="As `rag documents` shows them.", autocompletion=document_names),
]


def documents(
    context: typer.Context,
    host: Host,
    *,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those under this tag.")] = None,
    status: Annotated[
        Literal["queued", "parsing", "embedding", "indexed", "failed"] | None,
        typer.Option("--status", help="Only those of this status."),
    ] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", help="Only names that begin so.")] = None,
    json: Json = False,
) -> None:
    """List the documents that you may read, with their status; or tag, share, retry, delete, count them."""
    if context.invoked_subcommand is not None:
        return
    from cli import library

    narrowed = {"tag": tag, "status": status, "prefix": prefix}
    with host.client() as client:
        library.show_all(client, narrowed, as_json=json)


app.callback(invoke_without_command=True, epilog=examples_of(*_EXAMPLES))(with_host(documents))


@command(app, examples=("rag documents tag hr handbook.pdf", "rag documents tag hr handbook.pdf --remove"))
def tag(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Of any case.")],
    names: Names,
    host: Host,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag off them.")] = False,
) -> None:
    """File documents under a tag, which questions may then be narrowed to (`rag ask --tag`)."""
    from cli import library

    with host.client() as client:
        library.tag_named(client, tag, names, remove=remove)


@command(app, examples=("rag documents share plan.md --with ada@example.org --with group:HR",))
def share(
    names: Names,
    host: Host,
    *,
    readers: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="READER",
            help="everyone, ada@example.org, group:HR. May be repeated; none: nobody but the owner.",
        ),
    ] = None,
) -> None:
    """Say who reads documents besides their owners, in place of whom was said before."""
    from cli import library

    with host.client() as client:
        library.share_named(client, names, readers or [])


@command(app, examples=("rag documents retry scan.pdf", "rag documents retry --parked"))
def retry(
    host: Host,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="As `rag documents` shows them.", autocompletion=document_names),
    ] = None,
    *,
    parked: Annotated[
        bool, typer.Option("--parked", help="All whose five attempts failed, say because a service was away.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All that failed, the rejected ones too.")] = False,
) -> None:
    """Ingest documents again: some by name, or what failed of yours (for administrators: of all)."""
    from cli import library

    if (bool(names), parked, every).count(True) != 1:
        raise WrongUseError("name documents to retry, or give --parked, or --all")
    with host.client() as client:
        if names:
            library.retry_named(client, names)
        else:
            library.retry_failed(client, parked_only=parked)


@command(app, examples=("rag documents delete draft.md",))
def delete(names: Names, host: Host) -> None:
    """Delete documents, with the files that they were made of."""
    from cli import library

    with host.client() as client:
        library.delete_named(client, names)


@command(app, examples=("rag documents summary", "rag documents summary --json"))
def summary(host: Host, *, json: Json = False) -> None:
    """Count documents by status; tell the backlog, its rate and when it will be gone."""
    from cli import library

    with host.client() as client:
        library.show_summary(client, as_json=json)
