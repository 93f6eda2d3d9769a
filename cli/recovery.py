"""The work of `rag users recover`: back in where nobody who may can sign in any more, by way of the store.

Whoever can write the store may do this; no token is asked for.
"""

import asyncio

import typer

from cli.bulk.failures import printable
from cli.errors import CommandError
from shared.auth.administration import Changes, change_account, end_sessions, made_password
from shared.auth.passwords import Passwords
from shared.auth.sessions import normalised_email
from shared.compose import opened_stores
from shared.domain import Principal, User
from shared.settings import Settings
from shared.telemetry.logs import configure

# Named so in the audit trail.
_ACTOR = Principal(user_id="rag users recover", email="", is_administrator=True)


def recover(email: str, settings: Settings, *, password: str | None, is_administrator: bool) -> None:
    """The password that is made where none is given is all that is printed to the standard output.

    Errors: `CommandError` where there is no such store or account, `RagError`.
    """
    if settings.metadata_store == "sqlite" and not (settings.data / "metadata.db").is_file():
        where = printable(str(settings.data))
        raise CommandError(f"no accounts are kept in {where}; name the host's data folder with --data")
    configure("WARNING")  # and the line of the audit trail
    chosen = password or made_password()
    user = asyncio.run(_recovered(email, settings, chosen, is_administrator=is_administrator))
    typer.echo(f"{printable(user.email)} has a new password and is signed out everywhere", err=True)
    if not user.is_administrator:
        typer.echo("it does not administer the installation; --administrator lets it", err=True)
    if password is None:
        typer.echo(chosen)
        typer.echo("is its password; it is shown this once", err=True)


async def _recovered(email: str, settings: Settings, password: str, *, is_administrator: bool) -> User:
    passwords = Passwords()
    try:
        async with opened_stores(settings) as (_, store):
            user = await store.user_by_email(normalised_email(email))
            if user is None:
                raise CommandError(f"there is no account {printable(email)} in this store")
            wanted = Changes(
                password=password, is_disabled=False, is_administrator=True if is_administrator else None
            )
            changed = await change_account(user, wanted, actor=_ACTOR, store=store, passwords=passwords)
            await end_sessions(changed, actor=_ACTOR, store=store)
            return changed
    finally:
        await passwords.close()
