"""Processes of a run: each with services of its own over the same folder, workers with the real triggers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func

from functions.dependencies import Runtime
from functions.ingest import register_triggers
from host.functions import read_functions
from host.loops import supervise
from host.messages import to_queue_message
from host.options import QueueOptions
from host.queue_trigger import QueueTrigger
from shared.domain import QueueMessage
from shared.event_queues.sqlite import SqliteEventQueue
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.services import Services
from shared.settings import Settings
from shared.shelf import Chunking, IndexShelf
from shared.telemetry.metrics import Metrics
from tests.simulation.blobs import SimulatedBlobs
from tests.simulation.faults import Applied, BlobsPlug, IndexesPlug, Plug, Process
from tests.stand_ins.hashing_embedder import HashingEmbedder
from tests.stand_ins.pipeline_services import PlainParser, pipeline_services

BASE = "documents"
OPTIONS = QueueOptions(
    batch_size=2, visibility=10.0, renew_every=3.0, retry_delays=(1.0, 4.0), poll_least=0.5, poll_most=8.0
)
_SETTINGS: Any = SimpleNamespace(blob_trigger=False, chat_prices={})


class _NoTextLeg:
    """The derived BM25 index has threads and a clock of its own; without it the record is all there is."""

    def wake(self) -> None:
        pass

    async def reach(self, position: object, *, seconds: float) -> None:
        pass

    async def close(self) -> None:
        pass


class _VectorIndex(EmbeddedSearchIndex):
    def __init__(self, folder: Path, name: str, dimension: int) -> None:
        super().__init__(folder, name, dimension)
        self._catch_up = _NoTextLeg()  # type: ignore[assignment]


class _VectorIndexes(EmbeddedSearchIndexes):
    def open(self, name: str, *, dimension: int) -> EmbeddedSearchIndex:
        return _VectorIndex(self._folder, name, dimension)


def open_services(folder: Path, blobs: SimulatedBlobs, process: Process, applied: Applied) -> Services:
    metadata: Any = Plug("metadata", SqliteMetadataStore(folder / "metadata.db"), process, applied)
    embedder: Any = Plug("embedder", HashingEmbedder(), process)
    indexes: Any = IndexesPlug("indexes", _VectorIndexes(folder / "index"), process)
    shelf = IndexShelf(
        base=BASE,
        indexes=indexes,
        versions=metadata,
        embedder=embedder,
        open_embedder=lambda name, dimension: embedder,
        chunking=Chunking(),
    )
    return pipeline_services(
        folder,
        shelf=shelf,
        embedder=embedder,
        metadata=metadata,
        blobs=BlobsPlug("blobs", blobs, process),
        queue=Plug("queue", SqliteEventQueue(folder / "queue.db"), process),
        parsers=Plug("parsers", PlainParser(), process),
        embed_batch=2,
    )


async def close_services(services: Services) -> None:
    for plug in (services.shelf, services.queue, services.cache, services.metadata):
        await plug.close()


class Worker:
    """The triggers of one process, fired by the real host's loops. `failed` is told what functions raise."""

    def __init__(self, services: Services, process: Process, failed: Callable[[BaseException], None]) -> None:
        self.process = process
        self._failed = failed
        self._stopping = asyncio.Event()
        self._tasks = [
            asyncio.create_task(
                supervise(trigger.name, trigger.run, self._stopping, least=1.0, most=8.0), name=process.name
            )
            for trigger in self._triggers(services)
        ]

    def kill(self) -> None:
        """At once and without a word: what it was doing stays as it is."""
        self.process.is_dead = True

    async def stop(self) -> None:
        """As a host that is told to: what is in flight is handed back."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def _triggers(self, services: Services) -> list[QueueTrigger]:
        async def opened(_: Settings, metrics: Metrics) -> Services:
            return services

        app = func.FunctionApp()
        register_triggers(app, Runtime(_SETTINGS, opened))
        return [
            self._trigger(services, each)
            for each in read_functions(app, timeout=1800.0)
            if each.trigger == "queueTrigger"
        ]

    def _trigger(self, services: Services, function: Any) -> QueueTrigger:
        queue = function.binding["queueName"]

        async def invoke(message: QueueMessage) -> None:
            self.process.trace.add(self.process.name, function.name, (f"message {message.id}",))
            try:
                await function.invoke(to_queue_message(message), attempt=message.dequeue_count)
            except Exception as error:
                self._failed(error)
                raise

        return QueueTrigger(
            services.queue, queue, invoke, poison=f"{queue}-poison", options=OPTIONS, stopping=self._stopping
        )
