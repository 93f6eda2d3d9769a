"""`rag folders …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.options import Email, Password, Url
from shared.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Who reads what is new in a folder, besides its owner.")

Path = Annotated[
    str, typer.Argument(metavar="PATH", help="plans, shared/hr, organisations/ORGANISATION-ID/plans.")
]


@app.command("list")
def list_folders(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Show your folders, and those you administer, that say who reads what is new."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.show_folders(client)


@app.command()
def share(
    path: Path,
    readers: Annotated[
        list[str], typer.Argument(metavar="READER…", help="everyone, ada@example.org, group:HR.")
    ],
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Say who reads what will be new in a folder; what is there already stays as it is."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.set_folder(client, path, readers)


@app.command()
def clear(path: Path, url: Url = None, email: Email = None, password: Password = None) -> None:
    """Let a folder say nothing any more."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.clear_folder(client, path)
