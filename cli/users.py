"""`rag users …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.errors import CommandError
from cli.options import Email, Organisation, Password, Url
from shared.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Users, for who manages their organisation.")

User = Annotated[str, typer.Argument(metavar="USER", help="The account's e-mail address.")]


@app.command("list")
def list_users(
    organisation: Organisation = None, url: Url = None, email: Email = None, password: Password = None
) -> None:
    """Show them, with what they administer."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.show_users(client, organisation)


@app.command()
def create(
    user: User,
    *,
    organisation: Organisation = None,
    choose: Annotated[
        bool, typer.Option("--choose-password", help="Ask for a password instead of making one.")
    ] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Make an account and print its password, this once."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        chosen = _chosen() if choose else None
        administration.create_user(client, user, organisation, chosen)


@app.command()
def change(
    user: User,
    *,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Disabled, it is signed out everywhere.")
    ] = None,
    administrator: Annotated[
        bool | None,
        typer.Option("--administrator/--no-administrator", help="Administers the installation."),
    ] = None,
    manager: Annotated[
        bool | None, typer.Option("--manager/--no-manager", help="Manages its organisation.")
    ] = None,
    new_password: Annotated[
        bool, typer.Option("--new-password", help="Ask for another password; it is signed out everywhere.")
    ] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Disable or enable an account, say what it administers, give it a password."""
    from cli import administration
    from cli.client import signed_in

    claims = {
        "is_disabled": disabled,
        "is_administrator": administrator,
        "manages_organisation": manager,
    }
    changes: dict[str, bool | str] = {name: claim for name, claim in claims.items() if claim is not None}
    if not changes and not new_password:
        raise CommandError("say what is to be changed; `rag users change --help` shows what can be")
    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        if new_password:
            changes["password"] = _chosen()
        administration.change_user(client, user, changes)


@app.command("sign-out")
def sign_out(user: User, url: Url = None, email: Email = None, password: Password = None) -> None:
    """End every session of an account."""
    from cli import administration
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        administration.sign_out(client, user)


def _chosen() -> str:
    """Never from the command line, which others see."""
    return str(
        typer.prompt("New password of the account", hide_input=True, confirmation_prompt=True, err=True)
    )
