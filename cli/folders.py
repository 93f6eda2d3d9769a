"""`rag folders …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command, group
from cli.options import Json

app = group("Who reads what is new in a folder, besides its owner.", "rag folders list")

Path = Annotated[
    str, typer.Argument(metavar="PATH", help="plans, shared/hr, organisations/ORGANISATION-ID/plans.")
]


@command(app, "list", examples=("rag folders list",))
def list_folders(host: Host, *, json: Json = False) -> None:
    """Show your folders, and those you administer, that say who reads what is new."""
    from cli import administration

    with host.client() as client:
        administration.show_folders(client, as_json=json)


@command(
    app,
    examples=(
        "rag folders share plans ada@example.org group:HR",
        "rag folders share shared/hr group:HR",
    ),
)
def share(
    path: Path,
    readers: Annotated[
        list[str], typer.Argument(metavar="READER…", help="everyone, ada@example.org, group:HR.")
    ],
    host: Host,
) -> None:
    """Say who reads what will be new in a folder; what is there already stays as it is."""
    from cli import administration

    with host.client() as client:
        administration.set_folder(client, path, readers)


@command(app, examples=("rag folders clear plans",))
def clear(path: Path, host: Host) -> None:
    """Let a folder say nothing any more."""
    from cli import administration

    with host.client() as client:
        administration.clear_folder(client, path)
