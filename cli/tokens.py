"""`rag tokens …`: what each command takes. The work is done by cli.personal_tokens. Part of cli.main."""

from typing import Annotated

import typer

from cli.options import Email, Password, Url
from shared.settings import read_settings

app = typer.Typer(
    no_args_is_help=True, help="Personal access tokens for machines. They take a session: sign in by --email."
)

Name = Annotated[str, typer.Argument(help="Of the token, as `rag tokens list` shows it.")]


@app.command("list")
def list_tokens(url: Url = None, email: Email = None, password: Password = None) -> None:
    """Show your tokens: their names, scopes and when they expire."""
    from cli import personal_tokens
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        personal_tokens.show_all(client)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for. Yours differ in their names.")],
    *,
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope", metavar="query|ingest|admin", help="What it may be used for. May be repeated."
        ),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lasts.")] = 90,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Make a token and print it, this once."""
    from cli import personal_tokens
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        personal_tokens.create(client, name, scopes, days=days)


@app.command()
def revoke(name: Name, url: Url = None, email: Email = None, password: Password = None) -> None:
    """End a token: it is refused from then on."""
    from cli import personal_tokens
    from cli.client import signed_in

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        personal_tokens.revoke(client, name)
