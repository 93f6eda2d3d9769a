"""`rag groups …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.options import Email, Organisation, Password, Url
from shared.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Groups to share with, and who is in them.")

Name = Annotated[str, typer.Argument(help="Of the group, in whatever case.")]
Users = Annotated[list[str], typer.Argument(metavar="USER…", help="E-mail addresses of accounts.")]


@app.command("list")
def list_groups(
    organisation: Organisation = None, url: Url = None, email: Email = None, password: Password = None
) -> None:
    """Show the groups of the organisation."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.show_groups(client, organisation)


@app.command()
def create(
    name: Name,
    organisation: Organisation = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Make one."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.create_group(client, name, organisation)


@app.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW-NAME")],
    *,
    organisation: Organisation = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Give one another name; what is shared with it stays shared."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.rename_group(client, name, new, organisation)


@app.command()
def remove(
    name: Name,
    organisation: Organisation = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Remove one; nobody reads anything by it any more."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.remove_group(client, name, organisation)


@app.command()
def members(
    name: Name,
    organisation: Organisation = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Show who is in it."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.show_members(client, name, organisation)


@app.command()
def join(
    name: Name,
    users: Users,
    *,
    leave: Annotated[bool, typer.Option("--leave", help="Take them out of it.")] = False,
    organisation: Organisation = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Put users into a group; they read at once what is shared with it."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.change_members(client, name, users, organisation, leave=leave)
