"""The work of `rag login`, `rag logout` and `rag whoami`: sessions that outlive a command."""

import sys
from typing import Any
from urllib.parse import urlsplit

import httpx
import typer

from cli.bulk.failures import printable
from cli.client import address_of, asked_for, base_of, check, credentials_of, opened, sign_in, sign_out
from cli.commands import Host
from cli.credentials import Kept
from cli.errors import NotSignedInError, UnreachableError, WrongUseError
from cli.tables import print_json
from shared.settings import Settings

STDIN = "-"  # in place of a value: it is read from the standard input
_HERE = ("127.0.0.1", "localhost", "::1")


def log_in(
    settings: Settings, url: str | None, *, email: str | None, password: str | None, token: str | None
) -> None:
    """Keep a session of the host, or a personal access token for it, once it has been tried.

    Errors: `CommandError`; what was kept before stays then.
    """
    address = address_of(settings, url, last=credentials_of(settings).last_address())
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in _HERE:
        typer.echo(f"{address} is not encrypted: whoever is on the way can read what you send", err=True)
    with opened(address) as client:
        if token is not None:
            session = Kept(email="", token=asked_for("Token") if token == STDIN else token)
        else:
            session = sign_in(client, email or _asked_address(), password or asked_for("Password"))
        me = check(client.get("/api/auth/me", headers={"Authorization": f"Bearer {session.token}"})).json()
    session = Kept(**{**vars(session), "email": me["email"]})
    credentials_of(settings).keep(address, session)
    typer.echo(f"{printable(session.email)} is signed in at {address}")


def log_out(settings: Settings, url: str | None) -> None:
    """End the session and forget it, even where the host cannot be told."""
    credentials = credentials_of(settings)
    address = address_of(settings, url, last=credentials.last_address())
    session = credentials.find(address)
    if session is None:
        known = ", ".join(credentials.addresses())
        raise NotSignedInError(f"nobody is signed in at {address}" + (f", but at {known}" if known else ""))
    credentials.forget(address)
    try:
        with opened(address) as client:
            sign_out(client, session)
    except UnreachableError as error:
        raise UnreachableError(
            f"{address} is forgotten here, but its session goes on until it is not used: {error}"
        ) from error
    typer.echo(f"{printable(session.email)} is signed out at {address}")


def show_who(settings: Settings, host: Host, *, as_json: bool) -> None:
    with host.client(settings) as client:
        address, me = base_of(client), _me(client)
    if as_json:
        print_json({"url": address, **me})
        return
    told = [
        str(me["organisation"]["name"] or me["organisation"]["id"]),
        *(["administers the installation"] if me["is_administrator"] else []),
        *(["manages the organisation"] if me["manages_organisation"] else []),
    ]
    typer.echo(printable(f"{me['email']} at {address} ({', '.join(told)})"))


def _me(client: httpx.Client) -> dict[str, Any]:
    me: dict[str, Any] = check(client.get("/api/auth/me")).json()
    return me


def _asked_address() -> str:
    if not sys.stdin.isatty():
        raise WrongUseError("say who signs in: --email ADDRESS; the password is read from standard input")
    return str(typer.prompt("E-mail address", err=True))
