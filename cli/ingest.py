"""Files into the container of the settings: `rag ingest`, and the samples of a first `rag serve`."""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cli.bulk import files
from cli.bulk.compare import State
from cli.bulk.cost import UnreadScans, describe, price_of, reckon
from cli.bulk.failures import Failure, print_failures, printable
from cli.bulk.files import LocalFile, Selection
from cli.bulk.following import Following, check_folders
from cli.bulk.following import follow as follow_folders
from cli.bulk.target import Container, Records
from cli.bulk.upload import Brought, bring, put_file
from cli.commands import Host
from cli.errors import INTERRUPTED, CommandError
from cli.progress import Watch, Work, counted, watch
from shared.blob_stores.base import BlobStore
from shared.compose import opened_stores
from shared.ingest.documents import SHARED, display_name
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.ingest.parse.tesseract import find_tesseract
from shared.settings import Settings

if TYPE_CHECKING:
    import httpx

Place = AbstractAsyncContextManager[tuple[Container, Records]]
Select = Callable[[], Selection]


@dataclass(frozen=True, kw_only=True)
class Options:
    under: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dry_run: bool = False
    wait: bool = True  # until everything is indexed
    retry: bool = False  # what failed before with the same bytes
    watch: bool = False  # go on with what changes
    delete: bool = False  # what goes meanwhile


def run(paths: list[Path], settings: Settings, options: Options, host: Host | None = None) -> None:
    """Upload what is new, then follow it until it is indexed or has failed; or reckon the cost alone.

    Errors: `CommandError`, also for files that failed, once all are done. Ctrl-C exits with 130.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        with _opened_remote(settings, host) as client:
            failures = _run(paths, settings, options, console, client)
    except KeyboardInterrupt:
        sys.stderr.write("rag: stopped; run the same command again to go on\n")
        raise SystemExit(INTERRUPTED) from None
    if failures:
        print_failures(failures, console)
        raise CommandError(f"{counted(len(failures), 'file')} failed")


def _run(
    paths: list[Path], settings: Settings, options: Options, console: Console, client: "httpx.Client | None"
) -> list[Failure]:
    from cli.bulk.remote import opened_library, own_or_common

    under = options.under or "shared" if client is None else own_or_common(client, options.under)

    def select() -> Selection:
        return files.find_files(paths, under=under, include=options.include, exclude=options.exclude)

    found = select()
    if options.dry_run:
        return [*found.failures, *asyncio.run(_reckon(found, settings, options, console))]
    place = opened_stores(settings) if client is None else opened_library(client, under)
    if options.watch:
        check_folders(paths)
        asyncio.run(_keep_up(paths, select, settings, options, console=console, place=place))
    return [*found.failures, *asyncio.run(_ingest(found, settings, options, console, place))]


@contextmanager
def _opened_remote(settings: Settings, host: Host | None) -> Iterator["httpx.Client | None"]:
    """None: files go where the settings say."""
    if host is None or host.url is None:
        yield None
        return
    with host.client(settings) as client:
        yield client


def find_files(paths: Iterable[Path]) -> dict[str, Path]:
    """Samples, by their path inside the folder. Errors: `CommandError`."""
    return {file.name.removeprefix(SHARED): file.path for file in files.find_files(paths).files}


async def copy_files(samples: dict[str, Path], blobs: BlobStore, settings: Settings) -> list[str]:
    """Put each under `shared/`, whole or not at all; the blobs' names."""
    taken = [
        LocalFile(path=path, name=SHARED + relative, size=path.stat().st_size)
        for relative, path in samples.items()
    ]
    return [(await put_file(file, blobs, max_size=_max_size(settings))).name for file in taken]


async def _ingest(
    found: Selection, settings: Settings, options: Options, console: Console, place: Place
) -> list[Failure]:
    async with place as (blobs, metadata):
        brought = await _bring(found, settings, options, console, blobs=blobs, metadata=metadata)
        if not options.wait:
            return brought.failures
        return brought.failures + await watch(brought.to_follow, blobs, metadata, console=console)


async def _bring(
    found: Selection,
    settings: Settings,
    options: Options,
    console: Console,
    *,
    blobs: Container,
    metadata: Records,
) -> Brought:
    with _work("uploading", found, console) as work:
        brought = await bring(
            found.files, blobs, metadata, max_size=_max_size(settings), retry=options.retry, work=work
        )
    console.print(_said(brought.counts, found))
    if brought.counts[State.FAILED] and not options.retry:
        console.print("what failed before was left as it is; --retry tries it again")
    return brought


async def _keep_up(
    paths: list[Path],
    select: Select,
    settings: Settings,
    options: Options,
    *,
    console: Console,
    place: Place,
) -> None:
    """For ever."""
    lines = Console(highlight=False, soft_wrap=True, force_terminal=False)
    async with place as (blobs, metadata):
        on_its_way = Watch({}, blobs, metadata, lines)

        async def brought(files: Sequence[LocalFile]) -> list[Failure]:
            found = Selection(files=tuple(files), failures=(), left_out=0)
            with _work("uploading", found, Console(quiet=True)) as work:
                told = await bring(
                    found.files, blobs, metadata, max_size=_max_size(settings), retry=True, work=work
                )
            for name in told.to_follow:
                lines.print(f"{printable(display_name(name))}: uploaded", markup=False)
            on_its_way.add(told.to_follow)
            return told.failures

        async def first() -> None:
            found = select()
            following.start(found.files)
            told = await _bring(found, settings, options, console, blobs=blobs, metadata=metadata)
            on_its_way.add(told.to_follow)
            print_failures([*found.failures, *told.failures], lines)
            lines.print(f"following {', '.join(map(str, paths))}; Ctrl-C ends it", markup=False)

        async def look_on() -> None:
            if on_its_way.waiting and options.wait and not following.is_paused:
                await on_its_way.look()

        following = Following(select, brought, blobs.delete if options.delete else None, lines)
        await follow_folders(paths, following, first=first, look_on=look_on)


async def _reckon(found: Selection, settings: Settings, options: Options, console: Console) -> list[Failure]:
    scans = UnreadScans()
    with _leaving_no_trace(settings) as traceless:
        async with opened_stores(traceless) as (blobs, metadata), _opened_parsers(settings, scans) as parsers:
            with _work("reading", found, console) as work:
                estimate = await reckon(
                    found.files, blobs, metadata, parsers, settings=settings, retry=options.retry, work=work
                )
    console.print(_said(estimate.counts, found))
    console.print(f"to ingest: {describe(estimate.measures)}")
    if scans.count:
        console.print(
            f"scanned: {counted(scans.count, 'page')}, each taken for a full one; reading them is extra"
        )
    console.print(f"price: {price_of(estimate.measures, settings)}", markup=False)
    return estimate.failures


def _work(doing: str, found: Selection, console: Console) -> Work:
    return Work(console, doing, files=len(found.files), size=sum(file.size for file in found.files))


def _said(counts: Counter[State], found: Selection) -> str:
    """`3 new, 1 changed, 12 indexed, 2 left out`"""
    said = [f"{counts[state]:,} {state}" for state in State if counts[state]]
    said += [f"{found.left_out:,} left out"] if found.left_out else []
    return ", ".join(said) or "nothing to ingest"


def _max_size(settings: Settings) -> int:
    return settings.max_file_mb * 1024 * 1024


@asynccontextmanager
async def _opened_parsers(settings: Settings, scans: UnreadScans) -> AsyncIterator[ParserPool]:
    parsers = ParserPool(
        workers=settings.parser_workers,
        limits=ParseLimits(max_file_bytes=_max_size(settings)),
        ocr=scans if _reads_scans(settings) else None,
        max_ocr_pages=settings.ocr_max_pages,
    )
    try:
        yield parsers
    finally:
        await parsers.close()


def _reads_scans(settings: Settings) -> bool:
    if settings.ocr == "auto":
        return find_tesseract(settings.ocr_languages) is not None
    return settings.ocr != "off"


@contextmanager
def _leaving_no_trace(settings: Settings) -> Iterator[Settings]:
    """Looking at a data folder that is not there would make it."""
    if settings.data.exists():
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="rag-") as folder:
        yield settings.model_copy(update={"data": Path(folder)})
