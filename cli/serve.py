"""`rag serve`: the Function App on the standalone host, its samples, and what the terminal is told."""

import asyncio
import http.client
import math
import os
import signal
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from cli.errors import CommandError
from cli.ingest import copy_files, find_files
from cli.progress import follow
from host.memory import share_arenas
from host.options import HostError, HostOptions, Part, read_host_json
from host.standalone import StandaloneHost
from host.web import listen
from shared.compose import opened_stores
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry import traces
from shared.telemetry.logs import configure

_EXIT_SECONDS = 4.5  # past the drain and the grace, for closing what is open
_AFTER_ANSWERS = 5  # seconds of grace past the deadline of the longest answer
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 every address; 127.0.0.1 works here  # nosec B104
_ASKED_FOR = 2.0  # seconds for whoever has the port
_READ = 1000  # bytes of what it answers


def run(*, host: str, port: int, only: Part | None, samples: Path | None) -> None:
    """Until a signal. Errors: `HostError`, `ConfigError`, `CommandError`; nothing is left behind then."""
    signal.signal(signal.SIGTERM, _end_at_once)
    share_arenas()
    settings = read_settings()
    configure(_log_level(settings))
    listener = _listen(host, port)
    with listener:
        is_new = settings.keeps_data_here and _prepare_folder(settings.data)
        try:
            with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
                runner.run(_serve(listener, only=only, samples=samples if is_new else None))
        finally:
            traces.stop()


def _listen(host: str, port: int) -> socket.socket:
    """Errors: `HostError`; `CommandError` where a host of ours has the port."""
    try:
        return listen(host, port)
    except HostError as error:
        address = _url("127.0.0.1" if host in _EVERYWHERE else host, port)
        if not _is_ours(address):
            raise
        raise CommandError(
            f"RAG Functions runs there already: {address}/chat; another beside it needs a port and a folder "
            "of its own (make up PORT=… RAG_DATA=…)"
        ) from error


def _is_ours(address: str) -> bool:
    """Whether what has the port answers as this page does."""
    try:
        with urllib.request.urlopen(f"{address}/api/openapi.json", timeout=_ASKED_FOR) as answer:  # noqa: S310  # nosec B310
            return b'"RAG Functions"' in answer.read(_READ)
    except (OSError, ValueError, http.client.HTTPException):
        return False


def loop_factory(settings: Settings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop where it may be used: a streamed answer takes a third of the time under load.

    Not beside the clients of remote stores, which hand it connected sockets: when such a connection is torn,
    uvloop 0.23 can leave its descriptor to be closed a second time, when it is somebody else's already.
    """
    if not settings.keeps_all_here:
        return None
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


def _log_level(settings: Settings) -> str:
    """On a terminal only what went wrong, beside the progress bar; unless the setting says otherwise."""
    is_quiet = sys.stderr.isatty() and "log_level" not in settings.model_fields_set
    return "WARNING" if is_quiet else settings.log_level


def _prepare_folder(data: Path) -> bool:
    """Whether no host has used it before. Errors: `CommandError` where it cannot be written."""
    is_new = not (data / "metadata.db").exists()
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        why = f"{error.strerror}; choose a folder of yours with --data (make up RAG_DATA=…)"
        raise CommandError(f"cannot write to the data folder {data}: {why}") from error
    return is_new


async def _serve(listener: socket.socket, *, only: Part | None, samples: Path | None) -> None:
    import function_app

    console = Console(highlight=False, soft_wrap=True)
    address = _address(listener)
    settings = function_app.runtime.settings
    names = await _copy_samples(samples, settings) if samples is not None else []

    def answering() -> None:
        _say_where(console, address, settings)

    async def opened(services: Services) -> None:
        if names:
            console.print(f"First run: indexing the {len(names)} files of {samples}")
            await follow(names, services.blobs, services.metadata, console=console)
        await _say_how(console, address, services)

    host_json = Path(function_app.__file__).with_name("host.json")
    options = ending_by(settings, read_host_json(host_json, only=only))

    def signalled() -> None:
        _end_within(options.drain + options.grace + _EXIT_SECONDS)

    host = StandaloneHost(function_app, options, answering=answering, opened=opened, signalled=signalled)
    await host.run(listener)
    console.print("Stopped.")


def ending_by(settings: Settings, options: HostOptions) -> HostOptions:
    """With the drain and the grace that the settings name, or that the longest answer needs."""
    grace = settings.grace_seconds
    if grace is None:
        grace = math.ceil(settings.answer_timeout_seconds) + _AFTER_ANSWERS
    return replace(options, drain=settings.drain_seconds, grace=grace)


async def _copy_samples(samples: Path, settings: Settings) -> list[str]:
    async with opened_stores(settings) as (blobs, _):
        return await copy_files(find_files([samples]), blobs, settings)


def _end_at_once(number: int, frame: object) -> None:  # noqa: ARG001 (Python's)
    """Until the host listens to signals itself. As process 1 of a container it would not even be ended by
    one that nobody handles.
    """
    os._exit(128 + number)


def _end_within(seconds: float) -> None:
    """Whatever a thread still does then is safe to cut off: everything survives kill -9."""
    watchdog = threading.Timer(seconds, os._exit, (0,))
    watchdog.daemon = True
    watchdog.start()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return _url("127.0.0.1" if host in _EVERYWHERE else host, port)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _say_where(console: Console, address: str, settings: Settings) -> None:
    console.print(f"RAG Functions answers at {address}")
    console.print(f"  chat page  {address}/chat")
    if settings.blob_store == "folder":
        console.print(f"  data       {settings.data.resolve()} (drop files into uploads/shared)")


async def _say_how(console: Console, address: str, services: Services) -> None:
    """How to get in: the first account of an empty store is made by whoever comes first."""
    if await services.metadata.list_users():
        console.print(
            f"Sign in at {address}/chat, or: .venv/bin/rag login {address}\n"
            "and: .venv/bin/rag ask 'A question'"
        )
        return
    account = '{"email": "ada@example.com", "password": "correct horse battery"}'
    console.print(
        f"Register at {address}/chat: the first account becomes the administrator. Or:", markup=False
    )
    console.print(f"  curl {address}/api/auth/register --json '{account}'", markup=False)
    console.print(
        f"then: .venv/bin/rag login {address}\n"
        "and: .venv/bin/rag ask 'How many days of annual leave do I have?'",
        markup=False,
    )
