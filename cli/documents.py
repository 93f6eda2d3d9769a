"""`rag documents …`: what each command takes. The work is done by cli.library. Part of cli.main."""

from typing import Annotated

import typer

from cli.errors import CommandError
from cli.options import Email, Password, Url
from shared.settings import read_settings

app = typer.Typer(help="List the documents that you may read; tag, retry, count them.")


@app.callback(invoke_without_command=True)
def documents(
    context: typer.Context,
    *,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those under this tag.")] = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """List the documents that you may read, with their status; or tag, retry or count them."""
    if context.invoked_subcommand is not None:
        return
    from cli import library
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        library.show_all(client, tag=tag)


@app.command()
def tag(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Of any case.")],
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="As `rag documents` shows them.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag off them.")] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """File documents under a tag, which questions may then be narrowed to (`rag ask --tag`)."""
    from cli import library
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        library.tag_named(client, tag, names, remove=remove)


@app.command()
def retry(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="As `rag documents` shows them.")
    ] = None,
    *,
    parked: Annotated[
        bool, typer.Option("--parked", help="All whose five attempts failed, say because a service was away.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All that failed, the rejected ones too.")] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Ingest documents again: some by name, or what failed of yours (for administrators: of all)."""
    from cli import library
    from cli.client import signed_in

    if (bool(names), parked, every).count(True) != 1:
        raise CommandError("name documents to retry, or give --parked, or --all")
    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        if names:
            library.retry_named(client, names)
        else:
            library.retry_failed(client, parked_only=parked)


@app.command()
def summary(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Count documents by status; tell the backlog, its rate and when it will be gone."""
    from cli import library
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        library.show_summary(client)
