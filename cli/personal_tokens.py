"""The work of `rag tokens …`, over the host's API."""

import httpx
import typer

from cli.client import check
from cli.errors import CommandError
from cli.tables import Column, show

_PATH = "/api/auth/tokens"


def show_all(client: httpx.Client, *, as_json: bool = False) -> None:
    """One line per token, by name."""
    show(
        check(client.get(_PATH)).json()["tokens"],
        Column(title="name", value=lambda token: str(token["name"])),
        Column(title="scopes", value=lambda token: ", ".join(token["scopes"])),
        Column(title="expires", value=lambda token: str(token["expires_at"])[:10]),
        as_json=as_json,
    )


def create(client: httpx.Client, name: str, scopes: list[str], *, days: int) -> None:
    """The token is all that the output has, so that a script can take it from there."""
    wish = {"name": name, "scopes": scopes, "expires_in_days": days}
    made = check(client.post(_PATH, json=wish)).json()
    typer.echo(made["token"])
    typer.echo(f"expires {made['expires_at'][:10]}; it is shown this once", err=True)


def revoke(client: httpx.Client, name: str) -> None:
    """Errors: `CommandError` if there is none of this name."""
    for token in check(client.get(_PATH)).json()["tokens"]:
        if token["name"] == name:
            check(client.delete(f"{_PATH}/{token['id']}"))
            typer.echo(f"{name} is revoked")
            return
    raise CommandError(f"you have no token {name}; `rag tokens list` shows yours")
