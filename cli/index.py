"""`rag index …`: what each command takes. The work is done by cli.index_versions. Part of cli.main."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import Host, command, group
from cli.completion import index_names
from cli.options import Json

app = group("Versions of the search index (administrators).", "rag index list", "rag index build --wait")

Name = Annotated[
    str, typer.Argument(help="Of the index, as `rag index list` shows it.", autocompletion=index_names)
]
_NAME = "documents-v2-20261122t101010"


@command(app, "list", examples=("rag index list", "rag index list --json"))
def list_versions(host: Host, *, json: Json = False) -> None:
    """Show every version: its state, what fills it, how far it is."""
    from cli import index_versions

    with host.client() as client:
        index_versions.show_all(client, as_json=json)


@command(app, examples=("rag index build --wait", "rag index build --embedder minilm --chunk-chars 600"))
def build(
    host: Host,
    *,
    embedder: Annotated[
        str | None, typer.Option(help="e5, minilm or azure_openai:DEPLOYMENT. [RAG_EMBEDDER of the host]")
    ] = None,
    dimension: Annotated[int | None, typer.Option(help="Of an azure_openai embedder.")] = None,
    chunk_chars: Annotated[int | None, typer.Option(help="Longest chunk. [RAG_CHUNK_CHARS]")] = None,
    chunk_overlap: Annotated[int | None, typer.Option(help="[RAG_CHUNK_OVERLAP]")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow until no document is missing.")] = False,
) -> None:
    """Begin a new version beside the live one."""
    from cli import index_versions

    wanted = {
        "embedder": embedder,
        "dimension": dimension,
        "chunk_chars": chunk_chars,
        "chunk_overlap": chunk_overlap,
    }
    with host.client() as client:
        index_versions.build(client, wanted, wait=wait)


@command(app, examples=(f"rag index gate {_NAME}", f"rag index gate {_NAME} --questions q.jsonl"))
def gate(
    name: Name,
    host: Host,
    *,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help="Ask these instead of stored ones: {question, answers} a line."
        ),
    ] = None,
) -> None:
    """Compare a version with the live one; exit code 1 if it must not be promoted."""
    from cli import index_versions

    with host.client() as client:
        if not index_versions.gate(client, name, questions):
            raise typer.Exit(1)


@command(app, examples=(f"rag index promote {_NAME}",))
def promote(
    name: Name,
    host: Host,
    *,
    force: Annotated[bool, typer.Option("--force", help="Without the comparison.")] = False,
) -> None:
    """Compare, then make it live."""
    from cli import index_versions

    with host.client() as client:
        index_versions.promote(client, name, force=force)


@command(app, examples=("rag index rollback",))
def rollback(host: Host) -> None:
    """Make the version live again that was live last."""
    from cli import index_versions

    with host.client() as client:
        index_versions.rollback(client)


@command(app, examples=(f"rag index remove {_NAME}",))
def remove(name: Name, host: Host) -> None:
    """Remove one that is not live, or give up building it."""
    from cli import index_versions

    with host.client() as client:
        index_versions.remove(client, name)
