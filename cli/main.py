"""The `rag` command line: what each command takes. The work is done by the modules beside this one."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer._completion_classes import completion_init

from cli import (
    asking,
    documents,
    folders,
    groups,
    index,
    models,
    organisations,
    sessions,
    tokens,
    uploading,
    users,
)
from cli.commands import Host, command, examples_of, use_data
from cli.errors import CommandError
from cli.eval import evaluate
from cli.options import Data, Json
from shared import __version__
from shared.errors import RagError

_ADMINISTRATION, _HERE = "Administration", "This machine and its settings"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,  # `rag completion` prints what it would have installed
    pretty_exceptions_enable=False,
    epilog=examples_of("rag serve --samples samples", "rag login http://127.0.0.1:7071", "rag ask 'Why?'"),
)


def main() -> None:
    """Run a command; what stops it is one clear line and an exit code of docs/cli.md."""
    from host.options import HostError

    completion_init()  # which typer itself does only where it offers to install the scripts
    try:
        app(prog_name="rag")
    except CommandError as error:
        _stop(str(error), error.exit_code)
    except (HostError, RagError) as error:
        _stop(str(error), 1)
    except OSError as error:
        _stop(f"{error.filename or 'system'}: {error.strerror or error}", 1)


def _stop(why: str, code: int) -> None:
    sys.stderr.write(f"rag: {why}\n")
    sys.exit(code)


def _say_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"rag-functions {__version__}")
        raise typer.Exit


@app.callback()
def rag(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """RAG Functions: drop a document, ask a question."""


@command(app, examples=("rag serve", "rag serve --port 8080 --data /srv/rag --samples samples"))
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7071,
    *,
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
    model: Annotated[
        str | None,
        typer.Option(
            help="What writes answers, from now on: local, extractive, ollama:llama3.1, file.gguf …"
        ),
    ] = None,
    find_model: Annotated[
        bool, typer.Option("--find-model", help="Ask, once, whether a server that runs here may do it.")
    ] = False,
) -> None:
    """Run everything on this machine: HTTP and triggers, until Ctrl-C or SIGTERM."""
    from cli.serve import run
    from shared.settings import read_settings

    use_data(data)
    models.choose(read_settings(), named=model, asks=find_model)
    run(host=host, port=port, only=only, samples=samples)


app.add_typer(sessions.app)
app.add_typer(asking.app)


app.add_typer(uploading.app)


@command(app, examples=("rag usage", "rag usage --days 7 --all", "rag usage --json"), panel=_ADMINISTRATION)
def usage(
    host: Host,
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many, today among them.")] = 30,
    user: Annotated[str | None, typer.Option(metavar="USER-ID", help="Another's (administrators).")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="A line per user (administrators).")] = False,
    json: Json = False,
) -> None:
    """Show what was asked and spent, and what is left of the limits."""
    from cli.usage import show_usage

    with host.client() as client:
        show_usage(client, days=days, user=user, everybody=everybody, as_json=json)


@command(app, examples=("rag doctor", "rag doctor --json"), panel=_HERE)
def doctor(data: Data = None, *, json: Json = False) -> None:
    """Try every service that the settings name, and say what to do; exit code 1 if one fails."""
    from cli.doctor import run

    use_data(data)
    models.use_chosen()
    if not run(as_json=json):
        raise typer.Exit(1)


@command(app, examples=("rag config", "rag config --changed", "rag config --json"), panel=_HERE)
def config(
    data: Data = None,
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not the default.")] = False,
    json: Json = False,
) -> None:
    """Show the settings as they hold here and where each comes from; exit code 1 if one is wrong."""
    from cli.config import run

    use_data(data)
    if not run(only_changed=changed, as_json=json):
        raise typer.Exit(1)


@command(
    app,
    examples=(
        "rag completion bash > ~/.local/share/bash-completion/completions/rag",
        "rag completion zsh > ~/.zfunc/_rag",
        "rag completion fish > ~/.config/fish/completions/rag.fish",
    ),
    panel=_HERE,
)
def completion(shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument()]) -> None:
    """Print what makes a shell complete commands, options, and the names of documents and indexes."""
    from cli.completion import script

    typer.echo(script(shell))


@command(app, examples=("rag reconcile",), panel=_HERE)
def reconcile(data: Data = None, *, json: Json = False) -> None:
    """Find once what no event told, as a host's timer does; exit code 1 if that cannot be done."""
    from cli.reconcile import run

    use_data(data)
    run(as_json=json)


@command(app, examples=("rag weights", "rag weights --language-model"), panel=_HERE)
def weights(
    language_model: Annotated[
        bool, typer.Option("--language-model", help="Those of RAG_CHAT_MODEL=llama alone.")
    ] = False,
) -> None:
    """Prepare the weights of the embedder (RAG_EMBEDDER), and of RAG_CHAT_MODEL=llama, in RAG_MODELS."""
    from cli.weights import prepare
    from shared.settings import read_settings

    settings = read_settings()
    if language_model:
        models.prepare_weights(settings, typer.echo)
        return
    if settings.chat_model == "llama":
        models.prepare(settings, typer.echo)
    if settings.embedder == "azure_openai":
        raise CommandError(
            "the embedder azure_openai has no weights to prepare; RAG_EMBEDDER names e5 or minilm"
        )
    prepare(settings.embedder, settings.models, report=typer.echo)


command(
    app,
    "eval",
    examples=("rag eval evals/questions.jsonl", "rag eval my-documents --failures --json rows.jsonl"),
    panel=_HERE,
)(evaluate)
app.add_typer(documents.app, name="documents")
for each in (tokens, folders, groups, users, organisations, index):
    app.add_typer(each.app, name=each.__name__.partition(".")[2], rich_help_panel=_ADMINISTRATION)
app.add_typer(models.app, name="models", rich_help_panel=_HERE)


if __name__ == "__main__":
    main()
