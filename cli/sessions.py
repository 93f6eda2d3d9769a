"""`rag login`, `rag logout`, `rag whoami`: what each takes. cli.login does the work. Part of cli.main."""

from typing import Annotated

import typer

from cli.commands import Host, command
from cli.options import Json

app = typer.Typer()

Address = Annotated[
    str | None, typer.Argument(metavar="URL", help="Of the host. [RAG_URL, or port 7071 here]")
]


@command(
    app,
    examples=(
        "rag login https://rag.example.com",
        "rag login https://rag.example.com --email ada@example.org < password.txt",
        "rag login https://rag.example.com --token - < token.txt",
    ),
)
def login(
    url: Address = None,
    *,
    email: Annotated[str | None, typer.Option("--email", help="Whose account; asked for without it.")] = None,
    password: Annotated[
        str | None, typer.Option("--password", help="Asked for, or read from standard input, without it.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", help="Keep this personal access token instead; - reads it from standard input."
        ),
    ] = None,
) -> None:
    """Sign in and stay so: every command that names no other host talks to this one from then on."""
    from cli.login import log_in
    from shared.settings import read_settings

    log_in(read_settings(), url, email=email, password=password, token=token)


@command(app, examples=("rag logout", "rag logout https://rag.example.com"))
def logout(url: Address = None) -> None:
    """End the session that `rag login` keeps."""
    from cli.login import log_out
    from shared.settings import read_settings

    log_out(read_settings(), url)


@command(app, examples=("rag whoami", "rag whoami --json"))
def whoami(host: Host, *, json: Json = False) -> None:
    """Show who is signed in, and where."""
    from cli.login import show_who
    from shared.settings import read_settings

    show_who(read_settings(), host, as_json=json)
