"""`rag groups …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command, group
from cli.options import Json, Organisation

app = group("Groups to share with, and who is in them.", "rag groups list", "rag groups create HR")

Name = Annotated[str, typer.Argument(help="Of the group, in whatever case.")]
Users = Annotated[list[str], typer.Argument(metavar="USER…", help="E-mail addresses of accounts.")]


@command(app, "list", examples=("rag groups list", "rag groups list --json"))
def list_groups(host: Host, organisation: Organisation = None, *, json: Json = False) -> None:
    """Show the groups of the organisation."""
    from cli import administration

    with host.client() as client:
        administration.show_groups(client, organisation, as_json=json)


@command(app, examples=("rag groups create HR",))
def create(name: Name, host: Host, organisation: Organisation = None) -> None:
    """Make one."""
    from cli import administration

    with host.client() as client:
        administration.create_group(client, name, organisation)


@command(app, examples=("rag groups rename HR People",))
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW-NAME")],
    host: Host,
    organisation: Organisation = None,
) -> None:
    """Give one another name; what is shared with it stays shared."""
    from cli import administration

    with host.client() as client:
        administration.rename_group(client, name, new, organisation)


@command(app, examples=("rag groups remove HR",))
def remove(name: Name, host: Host, organisation: Organisation = None) -> None:
    """Remove one; nobody reads anything by it any more."""
    from cli import administration

    with host.client() as client:
        administration.remove_group(client, name, organisation)


@command(app, examples=("rag groups members HR", "rag groups members HR --json"))
def members(name: Name, host: Host, organisation: Organisation = None, *, json: Json = False) -> None:
    """Show who is in it."""
    from cli import administration

    with host.client() as client:
        administration.show_members(client, name, organisation, as_json=json)


@command(app, examples=("rag groups join HR ada@example.org", "rag groups join HR ada@example.org --leave"))
def join(
    name: Name,
    users: Users,
    host: Host,
    *,
    leave: Annotated[bool, typer.Option("--leave", help="Take them out of it.")] = False,
    organisation: Organisation = None,
) -> None:
    """Put users into a group; they read at once what is shared with it."""
    from cli import administration

    with host.client() as client:
        administration.change_members(client, name, users, organisation, leave=leave)
