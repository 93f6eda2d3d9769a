"""`rag index …`: what each command takes. The work is done by cli.index_versions. Part of cli.main."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Email, Password, Url
from shared.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Versions of the search index (administrators).")

Name = Annotated[str, typer.Argument(help="Of the index, as `rag index list` shows it.")]


@app.command("list")
def list_versions(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Show every version: its state, what fills it, how far it is."""
    from cli import index_versions
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        index_versions.show_all(client)


@app.command()
def build(
    *,
    embedder: Annotated[
        str | None, typer.Option(help="e5, minilm or azure_openai:DEPLOYMENT. [RAG_EMBEDDER of the host]")
    ] = None,
    dimension: Annotated[int | None, typer.Option(help="Of an azure_openai embedder.")] = None,
    chunk_chars: Annotated[int | None, typer.Option(help="Longest chunk. [RAG_CHUNK_CHARS]")] = None,
    chunk_overlap: Annotated[int | None, typer.Option(help="[RAG_CHUNK_OVERLAP]")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow until no document is missing.")] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Begin a new version beside the live one."""
    from cli import index_versions
    from cli.client import signed_in

    wanted = {
        "embedder": embedder,
        "dimension": dimension,
        "chunk_chars": chunk_chars,
        "chunk_overlap": chunk_overlap,
    }
    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        index_versions.build(client, wanted, wait=wait)


@app.command()
def gate(
    name: Name,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help="Ask these instead of stored ones: {question, answers} a line."
        ),
    ] = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Compare a version with the live one; exit code 1 if it must not be promoted."""
    from cli import index_versions
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        if not index_versions.gate(client, name, questions):
            raise typer.Exit(1)


@app.command()
def promote(
    name: Name,
    *,
    force: Annotated[bool, typer.Option("--force", help="Without the comparison.")] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Compare, then make it live."""
    from cli import index_versions
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        index_versions.promote(client, name, force=force)


@app.command()
def rollback(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Make the version live again that was live last."""
    from cli import index_versions
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        index_versions.rollback(client)


@app.command()
def remove(name: Name, url: Url = None, email: Email = None, password: Password = None) -> None:
    """Remove one that is not live, or give up building it."""
    from cli import index_versions
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        index_versions.remove(client, name)
