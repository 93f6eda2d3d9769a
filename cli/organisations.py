"""`rag organisations …`: what each command takes. cli.administration does the work. Part of cli.main."""

from typing import Annotated

import typer

from cli.options import Email, Password, Url
from shared.settings import read_settings

app = typer.Typer(
    no_args_is_help=True, help="Organisations, whose people share with one another (administrators)."
)

Name = Annotated[str, typer.Argument(help="Of the organisation, in whatever case.")]
NewName = Annotated[str, typer.Argument(metavar="NEW-NAME")]


@app.command("list")
def list_organisations(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Show them, with their ids."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.show_organisations(client)


@app.command()
def create(name: Name, url: Url = None, email: Email = None, password: Password = None) -> None:
    """Make one."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.create_organisation(client, name)


@app.command()
def rename(name: Name, new: NewName, url: Url = None, email: Email = None, password: Password = None) -> None:
    """Give one another name."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.rename_organisation(client, name, new)


@app.command()
def remove(name: Name, url: Url = None, email: Email = None, password: Password = None) -> None:
    """Remove one that has neither users nor documents, with its groups."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.remove_organisation(client, name)
