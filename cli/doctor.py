"""`rag doctor`: is this environment set up well? Every plug is tried for real, whatever stands behind it.

No host needs to run. The checks look through the plugs' protocols only, so that they are the same for every
profile, and all of them run, each under its own deadline, whatever the others find.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from rich.console import Console
from rich.text import Text

from cli.doctor_accounts import check_entra, check_secrets
from cli.doctor_findings import Check, Finding, examine
from cli.doctor_indexes import check_index_versions, check_live_index
from cli.doctor_models import check_chat_model, check_embedder
from cli.doctor_plugs import Plugs, open_plugs
from cli.doctor_stores import check_blobs, check_cache, check_metadata, check_queue
from shared.errors import ConfigError
from shared.settings import AZURE_PLUGS, Settings, read_settings
from shared.telemetry.logs import configure

_SECONDS = 40.0  # for each check: longer than the adapters give up after, whose messages say more
_STYLES = {"ok": "green", "warn": "yellow", "FAIL": "bold red"}


def run(*, as_json: bool) -> bool:
    """Print every finding; whether nothing failed."""
    configure("ERROR")  # what adapters warn of is what the findings tell
    findings: list[Finding] = []
    console = Console(highlight=False, soft_wrap=True)

    async def look() -> None:
        async with aclosing(examine_environment()) as found:
            async for finding in found:
                findings.append(finding)
                if not as_json:
                    console.print(_line(finding))

    asyncio.run(look())
    is_well = all(finding.level != "FAIL" for finding in findings)
    if as_json:
        report = {"ok": is_well, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    return is_well


async def examine_environment(*, seconds: float = _SECONDS) -> AsyncGenerator[Finding, None]:
    """What the settings say, then what the services behind them say."""
    try:
        settings = read_settings()
    except ConfigError as error:
        for problem in str(error).split("; "):
            yield Finding(level="FAIL", subject="settings", message=problem)
        return
    yield Finding(level="ok", subject="settings", message=_named(settings))
    with _without_traces(settings) as tried:
        plugs = await open_plugs(tried, seconds=seconds)
        async for finding in examine_plugs(plugs, seconds=seconds):
            yield finding
        with suppress(TimeoutError):  # the process ends in any case
            async with asyncio.timeout(seconds):
                await plugs.close()


async def examine_plugs(plugs: Plugs, *, seconds: float = _SECONDS) -> AsyncGenerator[Finding, None]:
    """All checks at once; their findings in a fixed order, each as soon as those before it are told."""
    checks = [
        asyncio.create_task(examine(subject, check, seconds=seconds)) for subject, check in _checks(plugs)
    ]
    try:
        for check in checks:
            for finding in await check:
                yield finding
    finally:  # after Ctrl-C every check still takes its probe away
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)


def _checks(plugs: Plugs) -> Iterator[tuple[str, Check]]:
    yield "secrets", _on(check_secrets, plugs.secrets)
    if plugs.entra_tokens is not None:
        yield "entra id", _on(check_entra, plugs.entra_tokens)
    yield "metadata", _on(check_metadata, plugs.metadata)
    yield "blobs", _on(check_blobs, plugs.blobs)
    yield "queue", _on(check_queue, plugs.queue)
    yield "cache", _on(check_cache, plugs.cache)
    yield "embedder", _on(check_embedder, plugs.embedder)
    live_index = partial(check_live_index, base=plugs.base, metadata=plugs.metadata, embedder=plugs.embedder)
    yield "search index", _on(live_index, plugs.indexes)
    versions = partial(check_index_versions, base=plugs.base, open_embedder=plugs.open_embedder)
    yield "index record", _on(versions, plugs.metadata, plugs.embedder)
    yield "chat model", _on(check_chat_model, plugs.chat_model)
    if plugs.smaller_chat_model is not None:
        yield "smaller model", _on(check_chat_model, plugs.smaller_chat_model)
    if plugs.fallback_chat_model is not plugs.chat_model:
        yield "fallback", _on(check_chat_model, plugs.fallback_chat_model)


async def _on(check: Callable[..., Check], *plugs: object) -> Check:
    """The check, if its plugs could be opened."""
    for plug in plugs:
        if isinstance(plug, Exception):
            raise plug
    async with aclosing(check(*plugs)) as said:
        async for each in said:
            yield each


@contextmanager
def _without_traces(settings: Settings) -> Iterator[Settings]:
    """With a folder beside a data folder that does not exist yet: only a host's first start is to make that,
    and the samples and the signing key in it."""
    data = settings.data.absolute()
    if data.exists() or not settings.keeps_data_here:
        yield settings
        return
    beside = next(parent for parent in data.parents if parent.exists())
    with TemporaryDirectory(prefix=".rag-doctor-", dir=beside) as folder:
        yield settings.model_copy(update={"data": Path(folder)})


def _named(settings: Settings) -> str:
    plugs = ", ".join(f"{plug} {getattr(settings, plug)}" for plug in AZURE_PLUGS)
    return f"profile {settings.profile}: {plugs}"


def _line(finding: Finding) -> Text:
    text = Text(f"{finding.level:<4}", style=_STYLES[finding.level])
    text.append(f"  {finding.subject:<14} {finding.message}", style="none")
    return text.append(f"  {finding.ms:.0f} ms" if finding.ms else "", style="dim")
