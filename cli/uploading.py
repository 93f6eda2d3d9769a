"""`rag ingest`: what it takes. The work is done by cli.ingest. Part of cli.main."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import Host, command, use_data
from cli.errors import WrongUseError
from cli.options import Data

app = typer.Typer()

Paths = Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH…")]
Under = Annotated[
    str | None,
    typer.Option(
        "--under",
        metavar="PREFIX",
        help="Where they go, in shared (as without it), organisations/ID, users/ID; with --url your own.",
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Only such files: '*.pdf'. May be repeated."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="No such files or folders. May be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Upload nothing; say what it would cost.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Upload, and do not follow.")]
Retry = Annotated[bool, typer.Option("--retry", help="Upload again what failed before and is unchanged.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on: upload what changes, until Ctrl-C.")]
Delete = Annotated[
    bool, typer.Option("--delete", help="With --watch: delete there what goes here meanwhile.")
]


@command(
    app,
    examples=(
        "rag ingest handbook/ terms.pdf",
        "rag ingest handbook/ --include '*.pdf' --under shared/hr --dry-run",
        "rag ingest handbook/ --watch --delete",
        "rag ingest handbook/ --url https://rag.example.com",
    ),
)
def ingest(
    paths: Paths,
    host: Host,
    *,
    data: Data = None,
    under: Under = None,
    include: Include = None,
    exclude: Exclude = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    retry: Retry = False,
    watch: Watch = False,
    delete: Delete = False,
) -> None:
    """Put files into the container of the settings, or upload them to the host of --url, and follow them.

    Only what is new or changed is uploaded, so that it goes on where it was when it is run again. The exit
    code is 1 if any file fails.
    """
    from cli.ingest import Options, run
    from shared.settings import read_settings

    if delete and not watch:
        raise WrongUseError("--delete goes with --watch: it deletes what is seen to go")
    if dry_run and (watch or host.url):
        raise WrongUseError("--dry-run reckons by the settings here: leave --watch and --url away")
    use_data(data)
    options = Options(
        under=under,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        dry_run=dry_run,
        wait=not no_wait,
        retry=retry,
        watch=watch,
        delete=delete,
    )
    run(paths, read_settings(), options, host)
