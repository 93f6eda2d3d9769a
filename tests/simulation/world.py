"""The world around the pipeline: who uploads, deletes, shares, asks, kills, builds and promotes.

`plan` and the stateful test decide what happens when; `checks` say what must be true.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

from shared.domain import EVERYONE, DocumentStatus, IndexState, group_reader, user_reader
from shared.errors import RagError
from shared.ingest import builds, documents, pipeline
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE, EventType, StorageEvent, encode
from shared.ingest.readers import share
from shared.ingest.reconcile import Findings, reconcile
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.services import Services
from tests.simulation.blobs import SimulatedBlobs
from tests.simulation.faults import Faults, Process
from tests.simulation.fleet import Worker, close_services, open_services
from tests.simulation.trace import Trace

NAMES = ("shared/a.txt", "shared/b.txt", "users/ann/c.txt")
READERS = (EVERYONE, user_reader("ann"), group_reader("x"))
WORKERS = 3
Delays = tuple[float, ...]  # of each copy of a storage event, in seconds; none: it is lost
_QUEUES = (INGEST_QUEUE, POISON_QUEUE, FILL_QUEUE, FILL_POISON_QUEUE)
_STUCK_AFTER = 60.0  # seconds


class World:
    def __init__(self, folder: Path, seed: int, faults: Faults) -> None:
        self.seed, self.faults = seed, faults
        self.names = {documents.document_id(name): name for name in NAMES}
        self.trace = Trace(names=self.names)
        self.blobs = SimulatedBlobs(folder)
        self.floors: Counter[str] = Counter()  # name: nothing that was there before this moment may be shown
        self.flips: Counter[str] = Counter()  # name: how often what queries see has changed
        self.readers: dict[str, frozenset[str]] = {}  # name: who alone may read it, where that is certain
        self.unshared: set[str] = set()  # names whose last sharing failed: whoever wanted it tries again
        self.sharings: Counter[str] = Counter()  # name: how often `readers` was made uncertain
        self.crashes: list[BaseException] = []  # what no trigger may raise
        self.folder = folder
        self._opened: list[Services] = []
        self.api = self._open("api", faults)
        self.observer = self._open("observer", Faults())
        self.workers: list[Worker] = []

    async def start(self) -> None:
        await self.observer.shelf.versions()
        for number in range(WORKERS):
            self.workers.append(self._worker(f"worker{number}"))

    async def upload(self, name: str, text: str, *, events: Delays, announced: bool) -> None:
        blob = self.blobs.store(name, text)
        self.trace.add("world", "upload", (name, blob.etag, text))
        await self._tell(name, "Microsoft.Storage.BlobCreated", events)
        if announced:
            await pipeline.announce(blob, self.api)

    async def touch(self, name: str, *, events: Delays) -> None:
        """A change of metadata: another etag, the same content."""
        text = self.blobs.state(name).text
        if text is not None:
            await self.upload(name, text, events=events, announced=False)

    async def drop(self, name: str, *, events: Delays) -> None:
        """Somebody deletes the blob behind our back."""
        self._unsure(name)
        if await self.blobs.delete(name):
            self.trace.add("world", "drop", (name,))
            await self._tell(name, "Microsoft.Storage.BlobDeleted", events)

    async def remove(self, name: str, *, events: Delays) -> None:
        """As `DELETE /api/documents/{id}` does."""
        self._unsure(name)
        if await self.api.blobs.delete(name):
            await self._tell(name, "Microsoft.Storage.BlobDeleted", events)
        await pipeline.remove(name, self.api)

    async def share(self, name: str, readers: frozenset[str]) -> None:
        """As `PATCH /api/documents/{id}` does."""
        self._unsure(name)
        sharing = self.sharings[name]
        identifier = documents.document_id(name)
        self.unshared.add(name)
        if not await share(identifier, readers, self.api):
            return
        if self.sharings[name] == sharing:
            self.unshared.discard(name)
            self.readers[name] = readers

    async def retry(self, name: str) -> None:
        """As `POST /api/documents/{id}/retry` does."""
        found = await self.api.metadata.document(documents.document_id(name))
        if found is None or found.status not in (DocumentStatus.FAILED, DocumentStatus.INDEXED):
            return
        if await self.api.metadata.requeue(found.id, now=time.time()):
            await self.api.queue.send(INGEST_QUEUE, found.parked_event or encode(StorageEvent(name=name)))

    async def reconcile(self) -> Findings:
        return await reconcile(self.api, stuck_after=_STUCK_AFTER)

    async def build(self, chars: int) -> None:
        await builds.build(self.api, chars=chars, overlap=20)

    async def promote(self) -> None:
        """What is being built, however far that is."""
        known = await self.api.shelf.versions(fresh=True)
        for version in known:
            if version.state is IndexState.BUILDING:
                await builds.promote(version.name, self.api)

    async def roll_back(self) -> None:
        await builds.rollback(self.api)

    async def discard(self) -> None:
        """The oldest index that is not live."""
        known = await self.api.shelf.versions(fresh=True)
        names = [each.name for each in known if each.state in (IndexState.BUILDING, IndexState.STANDBY)]
        for name in names[:1]:
            await builds.remove(name, self.api)

    async def kill(self, number: int, *, gently: bool) -> None:
        worker = self.workers[number]
        self.trace.add("world", "stop" if gently else "kill", (worker.process.name,))
        self.workers[number] = self._worker(f"{worker.process.name}'")
        if gently:
            await worker.stop()
        worker.kill()

    async def outage(self, plug: str, seconds: float) -> None:
        self.trace.add("world", "outage", (plug, seconds))
        self.faults.outages.add(plug)
        await asyncio.sleep(seconds)
        self.faults.outages.discard(plug)

    async def idle(self) -> bool:
        """Until no message is left and nobody works; whether it came to that within an hour."""
        queue = self.observer.queue
        for _ in range(3600):
            if not any([await queue.length(name) for name in _QUEUES]):
                await asyncio.sleep(_STUCK_AFTER + 1)
                return True
            await asyncio.sleep(1)
        return False

    async def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        # Who was killed hangs in its clean-up too, however often.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1)
        for services in self._opened:
            await close_services(services)

    def _open(self, name: str, faults: Faults) -> Services:
        return self._open_for(Process(name, self.seed, faults, self.trace))

    def _open_for(self, process: Process) -> Services:
        services = open_services(self.folder, self.blobs, process, self._applied)
        self._opened.append(services)
        return services

    def _worker(self, name: str) -> Worker:
        process = Process(name, self.seed, self.faults, self.trace)
        return Worker(self._open_for(process), process, self._crashed)

    def _crashed(self, error: BaseException) -> None:
        if not isinstance(error, RagError):
            self.crashes.append(error)

    def _unsure(self, name: str) -> None:
        self.readers.pop(name, None)
        self.sharings[name] += 1

    def _applied(self, method: str, given: tuple[Any, ...], result: Any) -> None:
        """Called at the very moment at which a call changed the record."""
        name = self.names.get(given[0]) if given and isinstance(given[0], str) else None
        if name is None or not result:
            return
        if method in ("publish", "hold", "reject", "bury"):
            self.flips[name] += 1
        if method == "bury":
            self.floors[name] = max(self.floors[name], self.blobs.state(name).moment)

    async def _tell(self, name: str, kind: EventType, delays: Delays) -> None:
        for delay in delays:
            body = encode(StorageEvent(name=name, type=kind))
            await self.observer.queue.send(INGEST_QUEUE, body, delay=delay)
