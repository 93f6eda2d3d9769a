"""`rag users …`: what each command takes. The work is done by cli.administration. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command, group, use_data
from cli.errors import WrongUseError
from cli.options import Data, Json, Organisation

app = group(
    "Users, for who manages their organisation.",
    "rag users list",
    "rag users create ada@example.org",
)

User = Annotated[str, typer.Argument(metavar="USER", help="The account's e-mail address.")]
Choose = Annotated[bool, typer.Option("--choose-password", help="Ask for a password instead of making one.")]


@command(app, "list", examples=("rag users list", "rag users list --organisation Acme --json"))
def list_users(host: Host, organisation: Organisation = None, *, json: Json = False) -> None:
    """Show them, with what they administer."""
    from cli import administration

    with host.client() as client:
        administration.show_users(client, organisation, as_json=json)


@command(
    app,
    examples=("rag users create ada@example.org", "rag users create ada@acme.example --organisation Acme"),
)
def create(user: User, host: Host, *, organisation: Organisation = None, choose: Choose = False) -> None:
    """Make an account and print its password, this once."""
    from cli import administration

    with host.client() as client:
        administration.create_user(client, user, organisation, _chosen() if choose else None)


@command(
    app,
    examples=("rag users change ada@example.org --manager", "rag users change ada@example.org --disable"),
)
def change(
    user: User,
    host: Host,
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
) -> None:
    """Disable or enable an account, say what it administers, give it a password."""
    from cli import administration

    claims = {
        "is_disabled": disabled,
        "is_administrator": administrator,
        "manages_organisation": manager,
    }
    changes: dict[str, bool | str] = {name: claim for name, claim in claims.items() if claim is not None}
    if not changes and not new_password:
        raise WrongUseError("say what is to be changed; `rag users change --help` shows what can be")
    with host.client() as client:
        if new_password:
            changes["password"] = _chosen()
        administration.change_user(client, user, changes)


@command(app, "sign-out", examples=("rag users sign-out ada@example.org",))
def sign_out(user: User, host: Host) -> None:
    """End every session of an account."""
    from cli import administration

    with host.client() as client:
        administration.sign_out(client, user)


@command(app, examples=("rag users recover root@example.org --data /srv/rag",))
def recover(
    user: User,
    *,
    data: Data = None,
    choose: Choose = False,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="Let it administer the installation, too.")
    ] = False,
) -> None:
    """Give an account a new password where nobody can sign in who may: in the store of the settings.

    It is enabled, signed out everywhere, and its personal access tokens are revoked. No host needs to run.
    """
    from cli.recovery import recover as recover_account
    from shared.settings import read_settings

    use_data(data)
    recover_account(
        user, read_settings(), password=_chosen() if choose else None, is_administrator=administrator
    )


def _chosen() -> str:
    """Never from the command line, which others see."""
    return str(
        typer.prompt("New password of the account", hide_input=True, confirmation_prompt=True, err=True)
    )
