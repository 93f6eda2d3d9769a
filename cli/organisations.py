"""`rag organisations …`: what each command takes. cli.administration does the work. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command, group
from cli.options import Json

app = group(
    "Organisations, whose people share with one another (administrators).", "rag organisations create Acme"
)

Name = Annotated[str, typer.Argument(help="Of the organisation, in whatever case.")]
NewName = Annotated[str, typer.Argument(metavar="NEW-NAME")]


@command(app, "list", examples=("rag organisations list",))
def list_organisations(host: Host, *, json: Json = False) -> None:
    """Show them, with their ids."""
    from cli import administration

    with host.client() as client:
        administration.show_organisations(client, as_json=json)


@command(app, examples=("rag organisations create Acme",))
def create(name: Name, host: Host) -> None:
    """Make one."""
    from cli import administration

    with host.client() as client:
        administration.create_organisation(client, name)


@command(app, examples=("rag organisations rename Acme 'Acme Holding'",))
def rename(name: Name, new: NewName, host: Host) -> None:
    """Give one another name."""
    from cli import administration

    with host.client() as client:
        administration.rename_organisation(client, name, new)


@command(app, examples=("rag organisations remove Acme",))
def remove(name: Name, host: Host) -> None:
    """Remove one that has neither users nor documents, with its groups."""
    from cli import administration

    with host.client() as client:
        administration.remove_organisation(client, name)
