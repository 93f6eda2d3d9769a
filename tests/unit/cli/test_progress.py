"""Watching documents: what ends the wait, what a person is told, and how often the store is asked."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

from rich.console import Console

from cli.bulk.failures import Failure
from cli.progress import follow, watch
from shared.domain import Document, DocumentStatus
from shared.ingest import pipeline
from shared.ingest.documents import document_id
from shared.services import Services
from tests.stand_ins.pipeline_services import put

FAST = 0.2  # seconds of patience


def pipe() -> tuple[Console, StringIO]:
    told = StringIO()
    return Console(file=told, highlight=False, soft_wrap=True), told


async def etag_of(services: Services, name: str) -> str:
    blob = await services.blobs.head(name)
    assert blob is not None
    return blob.etag


async def until_told(told: StringIO, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in told.getvalue():
            await asyncio.sleep(0.01)


async def test_each_end_is_a_line_and_failures_are_returned(services: Services) -> None:
    texts = {"shared/a.txt": "alder", "shared/b.txt": "BROKEN"}
    for name, text in texts.items():
        await put(services, text, name)
    etags = {name: await etag_of(services, name) for name in texts}
    console, told = pipe()
    watching = asyncio.create_task(watch(etags, services.blobs, services.metadata, console=console))
    for name in texts:
        await pipeline.ingest(name, services)
    assert await watching == [Failure(name="shared/b.txt", reason="the file is broken on purpose")]
    assert sorted(line.split("] ")[1] for line in told.getvalue().splitlines()) == [
        "shared/a.txt: indexed, 1 page, 1 chunk",
        "shared/b.txt: failed, the file is broken on purpose",
    ]


async def test_silence_without_a_host_is_explained_once_and_the_wait_goes_on(services: Services) -> None:
    await put(services, "alder", "shared/a.txt")
    etags = {"shared/a.txt": await etag_of(services, "shared/a.txt")}
    console, told = pipe()
    watching = asyncio.create_task(
        watch(etags, services.blobs, services.metadata, console=console, patience=FAST)
    )
    await until_told(told, "nothing is being ingested; is `rag serve` running?")
    await asyncio.sleep(4 * FAST)
    assert not watching.done()
    await pipeline.ingest("shared/a.txt", services)
    assert await watching == []
    assert told.getvalue().count("rag serve") == 1


async def test_silence_while_a_host_works_is_not_blamed_on_it(services: Services) -> None:
    await put(services, "alder", "shared/slow.txt")
    blob = await services.blobs.head("shared/slow.txt")
    assert blob is not None
    await pipeline.announce(blob, services)
    await services.metadata.claim(document_id(blob.name), blob, now=0.0)
    console, told = pipe()
    watching = asyncio.create_task(
        watch({blob.name: blob.etag}, services.blobs, services.metadata, console=console, patience=FAST)
    )
    await until_told(told, "1 document in work")
    assert "rag serve" not in told.getvalue()
    await pipeline.ingest(blob.name, services)
    assert await watching == []


async def test_what_is_deleted_or_replaced_meanwhile_ends_too(services: Services) -> None:
    for name in ("shared/gone.txt", "shared/new.txt"):
        await put(services, "alder", name)
    etags = {name: await etag_of(services, name) for name in ("shared/gone.txt", "shared/new.txt")}
    await services.blobs.delete("shared/gone.txt")
    await put(services, "birch", "shared/new.txt")
    await pipeline.ingest("shared/new.txt", services)
    console, _ = pipe()
    async with asyncio.timeout(20):
        failures = await watch(etags, services.blobs, services.metadata, console=console, patience=FAST)
    assert failures == [Failure(name="shared/gone.txt", reason="it was deleted before it was ingested")]


class IndexedMetadata:
    """All documents are indexed; counts how many it was asked for at a time."""

    def __init__(self, name: str = "shared/a.txt") -> None:
        self.asked: Counter[int] = Counter()
        self._name = name

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        self.asked[len(document_ids)] += 1
        document = Document(
            id="",
            name=self._name,
            owner_id=None,
            readers=frozenset(),
            status=DocumentStatus.INDEXED,
            etag="1",
        )
        return {each: replace(document, id=each) for each in document_ids}


async def test_thousands_are_asked_for_by_hundreds_and_not_waited_for(services: Services) -> None:
    metadata = IndexedMetadata()
    console, told = pipe()
    etags = {f"shared/{number}": "1" for number in range(5_000)}
    async with asyncio.timeout(5):
        await watch(etags, services.blobs, metadata, console=console)  # type: ignore[arg-type]
    assert metadata.asked == {500: 10}
    assert told.getvalue().count("indexed") == 5_000


async def test_a_name_cannot_write_to_the_terminal(services: Services) -> None:
    console, told = pipe()
    name = "shared/\x1b[2J.txt"
    await watch({name: "1"}, services.blobs, IndexedMetadata(name), console=console)  # type: ignore[arg-type]
    assert "\\x1b[2J" in told.getvalue()
    assert "\x1b" not in told.getvalue()


async def test_followed_are_the_blobs_as_they_are_now(services: Services) -> None:
    await put(services, "alder", "shared/a.txt")
    await pipeline.ingest("shared/a.txt", services)
    console, told = pipe()
    async with asyncio.timeout(5):
        await follow(["shared/a.txt", "shared/nowhere"], services.blobs, services.metadata, console=console)
    assert told.getvalue().startswith("[1/1] shared/a.txt: indexed")
