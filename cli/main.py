"""The `rag` command line: what each command takes. The work is done by the modules beside this one."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import documents, folders, groups, index, organisations, tokens, users
from cli.errors import CommandError
from cli.eval import evaluate
from cli.options import Data, Email, Password, Url
from host.options import HostError
from shared.errors import RagError
from shared.settings import override_environment, read_settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="RAG Functions."
)

app.add_typer(documents.app, name="documents")
app.add_typer(index.app, name="index")
app.add_typer(tokens.app, name="tokens")
app.add_typer(organisations.app, name="organisations")
app.add_typer(users.app, name="users")
app.add_typer(groups.app, name="groups")
app.add_typer(folders.app, name="folders")
app.command("eval")(evaluate)


def main() -> None:
    """Run a command; what stops it is one clear line and exit code 1."""
    try:
        app(prog_name="rag")
    except (CommandError, HostError, RagError) as error:
        sys.exit(f"rag: {error}")
    except OSError as error:
        sys.exit(f"rag: {error.filename or 'system'}: {error.strerror or error}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7071,
    data: Data = None,
    only: Annotated[
        Literal["http", "triggers", "queues"] | None,
        typer.Option(
            help="Serve HTTP alone, or fire triggers alone, or of these the queues' alone (probes and "
            "metrics stay on the port)."
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Put these files under shared/ if the data folder is new."),
    ] = None,
) -> None:
    """Run everything on this machine: HTTP and triggers, until Ctrl-C or SIGTERM."""
    from cli.serve import run

    _use(data)
    run(host=host, port=port, only=only, samples=samples)


@app.command()
def weights() -> None:
    """Prepare the weights of the embedder (RAG_EMBEDDER) in the models folder (RAG_MODELS), once."""
    from cli.weights import prepare

    settings = read_settings()
    if settings.embedder == "azure_openai":
        raise CommandError(
            "the embedder azure_openai has no weights to prepare; RAG_EMBEDDER names e5 or minilm"
        )
    prepare(settings.embedder, settings.models, report=typer.echo)


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH…")],
    *,
    data: Data = None,
    under: Annotated[
        str, typer.Option(metavar="PREFIX", help="Where they go, in shared, organisations/ID or users/ID.")
    ] = "shared",
    include: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only such files: '*.pdf'. May be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="No such files or folders. May be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Upload nothing; say what it would cost.")
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Upload, and do not follow.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Upload again what failed before and is unchanged.")
    ] = False,
) -> None:
    """Put files into the container of the settings and follow them until they are indexed.

    Only what is new or changed is uploaded, so that it goes on where it was when it is run again. The exit
    code is 1 if any file fails.
    """
    from cli.ingest import Options, run

    _use(data)
    options = Options(
        under=under,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        dry_run=dry_run,
        wait=not no_wait,
        retry=retry,
    )
    run(paths, read_settings(), options)


@app.command()
def ask(
    question: str,
    *,
    folder: Annotated[str | None, typer.Option(help="Search only here: handbooks, shared/terms.")] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only such files: pdf. May be repeated."),
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Only under it. May be repeated: any of.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was indexed then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was indexed until then.")
    ] = None,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Ask a running host; the answer streams, its citations follow."""
    from cli.ask import run

    given = {"folder": folder, "types": types, "tags": tags, "since": since, "until": until}
    filters = {name: value for name, value in given.items() if value not in (None, [])}
    run(question, read_settings(), filters=filters, url=url, email=email, password=password)


@app.command()
def usage(
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many, today among them.")] = 30,
    user: Annotated[str | None, typer.Option(metavar="USER-ID", help="Another's (administrators).")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="A line per user (administrators).")] = False,
    url: Url = None,
    email: Email = None,
    password: Password = None,
) -> None:
    """Show what was asked and spent, and what is left of the limits."""
    from cli.client import signed_in
    from cli.usage import show

    with signed_in(read_settings(), url=url, email=email, password=password) as client:
        show(client, days=days, user=user, everybody=everybody)


@app.command()
def doctor(
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Try every service that the settings name, and say what to do; exit code 1 if one fails."""
    from cli.doctor import run

    _use(data)
    if not run(as_json=json):
        raise typer.Exit(1)


@app.command()
def reconcile(
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Find once what no event told, as a host's timer does; exit code 1 if that cannot be done."""
    from cli.reconcile import run

    _use(data)
    run(as_json=json)


def _use(data: Path | None) -> None:
    """From here on the settings name this data folder: `function_app` reads them when it is imported."""
    if data is not None:
        override_environment("data", str(data))


if __name__ == "__main__":
    main()
