"""`rag tokens …`: what each command takes. The work is done by cli.personal_tokens. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command, group
from cli.options import Json

app = group(
    "Personal access tokens for machines. They take a session: `rag login`, or --email.",
    "rag tokens create nightly --scope ingest",
)

Name = Annotated[str, typer.Argument(help="Of the token, as `rag tokens list` shows it.")]


@command(app, "list", examples=("rag tokens list", "rag tokens list --json"))
def list_tokens(host: Host, *, json: Json = False) -> None:
    """Show your tokens: their names, scopes and when they expire."""
    from cli import personal_tokens

    with host.client() as client:
        personal_tokens.show_all(client, as_json=json)


@command(
    app,
    examples=(
        "rag tokens create nightly --scope ingest",
        "rag tokens create board --scope query --scope ingest --days 30",
    ),
)
def create(
    name: Annotated[str, typer.Argument(help="What it is for. Yours differ in their names.")],
    host: Host,
    *,
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope", metavar="query|ingest|admin", help="What it may be used for. May be repeated."
        ),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lasts.")] = 90,
) -> None:
    """Make a token and print it, this once."""
    from cli import personal_tokens

    with host.client() as client:
        personal_tokens.create(client, name, scopes, days=days)


@command(app, examples=("rag tokens revoke nightly",))
def revoke(name: Name, host: Host) -> None:
    """End a token: it is refused from then on."""
    from cli import personal_tokens

    with host.client() as client:
        personal_tokens.revoke(client, name)
