"""Which language model `rag serve` and `make up` answer with: a server that was found on this machine, a
model of its own, or quotations. Used by cli.main.

What was chosen is kept in the data folder; RAG_CHAT_MODEL in the environment goes before it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cli.commands import command, group, use_data
from cli.errors import CommandError
from cli.model_servers import USUAL, ModelServer, find, is_here
from cli.options import Data

if TYPE_CHECKING:
    from shared.settings import Settings

Choice: TypeAlias = dict[str, str]  # settings by field

_FILE = "chat-model.json"  # in the data folder
_FIELDS = frozenset({"chat_model", "openai_base_url", "openai_chat_model", "local_llm_gguf"})
_QUOTATIONS: Choice = {"chat_model": "extractive"}
_REQUIREMENTS = "requirements-llm.txt"
_IN_A_CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))
_MODEST = (
    "A small model (SmolLM2, 135 million parameters) writes the answers on this machine's processor. It is "
    "slower and less often right than quotations, which stand in for it half of the time: docs/local-model.md"
)


app = group(
    "The language model that writes answers on this machine.",
    "rag models find",
    "rag models use ollama:llama3.1",
)


@command(app, "find", examples=("rag models find",))
def find_model(data: Data = None) -> None:
    """Look for servers of language models on this machine, and ask whether one may write the answers."""
    from shared.settings import read_settings

    use_data(data)
    servers = asyncio.run(find())
    for server in servers:
        typer.echo(f"{server.name} at {server.url}: {', '.join(server.models)}")
    if not servers:
        typer.echo("No server of language models answers on the usual ports of this machine.")
    elif may_ask():
        ask(read_settings().data, servers, agree=_confirm)


@command(app, "use", examples=("rag models use local", "rag models use extractive"))
def use_model(model: Annotated[str, typer.Argument(metavar="MODEL")], data: Data = None) -> None:
    """Choose what `rag serve` answers with from now on; `extractive` forgets it."""
    from shared.settings import read_settings

    use_data(data)
    _use(remember(read_settings().data, model))


def choose(settings: "Settings", *, named: str | None, asks: bool) -> None:
    """Set the model for this process: the named one, that of last time, or one that is found and agreed to.

    Errors: `CommandError`.
    """
    if named is not None:
        _use(remember(settings.data, named))
    elif _is_set(settings):
        return
    elif (known := chosen_before(settings.data)) is not None:
        _use(known)
    elif asks and may_ask():
        _use(ask(settings.data, asyncio.run(find()), agree=_confirm))


def remember(
    data: Path, named: str, *, look: Callable[[Sequence[str]], list[ModelServer]] | None = None
) -> Choice:
    """What `named` stands for, kept for the next start: `local`, `extractive` (which forgets), a server's
    name with a model, an address on this machine, or a GGUF file. Errors: `CommandError`.
    """
    if named == "extractive":
        (data / _FILE).unlink(missing_ok=True)
        return _QUOTATIONS
    look = look or (lambda urls: asyncio.run(find(urls)))
    if named == "local":
        servers = look(tuple(USUAL.values()))
        chosen = _asking(servers[0], servers[0].models[0]) if servers else {"chat_model": "llama"}
    elif named.endswith(".gguf"):
        chosen = {"chat_model": "llama", "local_llm_gguf": str(Path(named).expanduser().resolve())}
    else:
        chosen = _named(named, look)
    _keep(data, chosen)
    return chosen


def ask(data: Path, servers: Sequence[ModelServer], *, agree: Callable[[str], bool]) -> Choice:
    """About the first that was found; either answer is kept, so that nobody is asked twice."""
    if not servers:
        return {}
    server, (model, *others) = servers[0], servers[0].models
    more = f" ({len(others)} more there: MODEL=address#model)" if others else ""
    agreed = agree(f"{server.name} with {model} runs here{more}. Let it write the answers?")
    chosen = _asking(server, model) if agreed else _QUOTATIONS
    _keep(data, chosen)
    return chosen


def chosen_before(data: Path) -> Choice | None:
    """None where nothing was, or what was cannot be read."""
    try:
        kept = json.loads((data / _FILE).read_text(encoding="utf-8"))
        if isinstance(kept, dict) and kept.keys() <= _FIELDS and "chat_model" in kept:
            return {field: str(value) for field, value in kept.items()}
    except (OSError, ValueError):
        pass
    return None


def may_ask() -> bool:
    """Whether somebody sits there: not in a pipe, in CI or in a container."""
    from shared.settings import environment_names

    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and "CI" not in environment_names()
        and not any(each.exists() for each in _IN_A_CONTAINER)
    )


def prepare(settings: "Settings", report: Callable[[str], None]) -> None:
    """What RAG_CHAT_MODEL=llama runs on, where it is not there yet. Errors: `CommandError`, `ConfigError`."""
    root = Path(__file__).resolve().parents[1]
    if find_spec("xllamacpp") is None and (root / _REQUIREMENTS).exists():
        report("Installing what runs a language model (once; 34 MB)")
        command = [sys.executable, "-P", "-m", "cli.install", _REQUIREMENTS]
        if subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603  our own module
            raise CommandError(
                "what runs a language model could not be installed; MODEL=extractive does without"
            )
        invalidate_caches()
    if settings.local_llm_gguf is None:
        prepare_weights(settings, report)


def prepare_weights(settings: "Settings", report: Callable[[str], None]) -> None:
    """Errors: `ConfigError`."""
    from cli.weights.language_model import prepare_language_model
    from shared.compose.llama import small_model

    prepare_language_model(small_model(settings), report=report)


def use_chosen() -> None:
    """What was chosen before, for commands that only look, and say themselves what is wrong with settings."""
    from shared.errors import ConfigError
    from shared.settings import read_settings

    with suppress(ConfigError):
        settings = read_settings()
        if not _is_set(settings):
            _set(chosen_before(settings.data) or {})


def _is_set(settings: "Settings") -> bool:
    """Whether the environment says what writes answers: by the setting itself, or by the profile."""
    from shared.settings import environment_names, setting_name

    return settings.chat_model != "extractive" or setting_name("chat_model") in environment_names()


def _set(chosen: Mapping[str, str]) -> None:
    from shared.settings import override_environment

    for field, value in chosen.items():
        override_environment(field, value)


def _use(chosen: Mapping[str, str]) -> None:
    from shared.settings import read_settings

    _set(chosen)
    if chosen.get("chat_model") == "llama":
        prepare(read_settings(), typer.echo)
        typer.echo(
            _MODEST if "local_llm_gguf" not in chosen else f"{chosen['local_llm_gguf']} writes the answers"
        )
    elif model := chosen.get("openai_chat_model"):
        typer.echo(
            f"{model} at {chosen['openai_base_url']} writes the answers (MODEL=extractive: quotations)"
        )
    elif chosen == _QUOTATIONS:
        typer.echo("Answers are quotations of the documents (MODEL=local: a language model)")


def _named(named: str, look: Callable[[Sequence[str]], list[ModelServer]]) -> Choice:
    kind, _, model = named.partition(":")
    url = USUAL.get(kind)
    if url is None:
        url, _, model = named.partition("#")
        url = url.rstrip("/")
        url = url if url.endswith("/v1") else f"{url}/v1"
        if not is_here(url):
            raise CommandError(
                f"{named} is no model here: local, extractive, a .gguf file, {', '.join(USUAL)} with :MODEL, "
                "or an address of this machine with #MODEL; for a server elsewhere set RAG_CHAT_MODEL=openai"
            )
    servers = look([url])
    if not servers:
        raise CommandError(f"no server of language models answers at {url}; start it, or choose MODEL=local")
    if model and model not in servers[0].models:
        raise CommandError(f"{servers[0].name} has no model {model}; it has {', '.join(servers[0].models)}")
    return _asking(servers[0], model or servers[0].models[0])


def _asking(server: ModelServer, model: str) -> Choice:
    return {"chat_model": "openai", "openai_base_url": server.url, "openai_chat_model": model}


def _keep(data: Path, chosen: Choice) -> None:
    data.mkdir(parents=True, exist_ok=True)
    (data / _FILE).write_text(json.dumps(chosen, indent=2) + "\n", encoding="utf-8")


def _confirm(question: str) -> bool:
    return typer.confirm(question, default=False)
