"""A library that is changed while its worker dies again and again, and what must be true of it all the time.

`CrashScene` tells it for both profiles: a host that serves HTTP stays up, a worker beside it is killed.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, get_args

from shared.compose import open_services
from shared.ingest.documents import document_id
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.ingest.reconcile import reconcile
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.services import Services, Step
from shared.settings import read_settings
from tests.real_host import RealHost
from tests.stand_ins.forked_worker import PATIENCE, ForkedWorker
from tests.stand_ins.library_state import differences
from tests.stand_ins.openai_server import OpenAIServer

STEPS: tuple[Step, ...] = get_args(Step)
LONG, PAIR, SINGLE = "shared/long.md", "shared/pair.md", "shared/single.md"
_LINES = {LONG: 70, PAIR: 2, SINGLE: 1}  # 32 are embedded at a time
_QUEUES = (INGEST_QUEUE, POISON_QUEUE, FILL_QUEUE, FILL_POISON_QUEUE)
_READER = "ada@example.com"
_EDITION = re.compile(r"edition (\d+) of")
_CALLS = 4  # of the embedder at the same time: what a kill may cost

# Small chunks, a line each; a deployment of our own counts what it is asked to embed.
ENVIRONMENT = {
    "RAG_CHUNK_CHARS": "200",
    "RAG_CHUNK_OVERLAP": "0",
    "RAG_PARSER_WORKERS": "1",
    "AZURE_OPENAI_EMBEDDING_DIMENSION": "256",
}


class CrashScene:
    """`delete` takes a blob out of the container behind the API's back."""

    def __init__(
        self, host: RealHost, worker: ForkedWorker, openai: OpenAIServer, delete: Callable[[str], None]
    ) -> None:
        self.host, self.worker = host, worker
        self.contents: dict[str, list[str] | None] = {}
        self._openai, self._delete = openai, delete
        self._edition = 0
        self._deaths: list[int] = []  # how many requests had embedded passages at each

    def change(self) -> None:
        """A new edition of everything, for other readers; what came with the last one goes."""
        self._edition += 1
        for name, count in _LINES.items():
            self._put(name, [_line(number, self._edition, name) for number in range(count)])
        pair = document_id(PAIR)
        readers = ["everyone"] if self._edition % 2 == 0 else [_READER]
        self.host.client.patch(f"/api/documents/{pair}", json={"readers": readers}).raise_for_status()
        came, goes = ("even", "odd") if self._edition % 2 == 0 else ("odd", "even")
        for number in range(3):
            self._put(f"shared/broken-{number}.pdf", None)
            self._put(f"shared/{came}-{number}.md", [_line(0, self._edition, f"{came}-{number}")])
            if self.contents.pop(f"shared/{goes}-{number}.md", None):
                self._delete(f"shared/{goes}-{number}.md")

    def _put(self, name: str, lines: list[str] | None) -> None:
        self.contents[name] = lines
        broken = f"%PDF-1.7\n{self._edition}"
        self.host.put(name, broken if lines is None else "\n\n".join(lines))

    def build_index(self) -> None:
        """Another one is kept filled from here on, with chunks of its own."""
        self.host.client.post("/api/indexes", json={"chunk_chars": 400}).raise_for_status()

    def die_at(self, point: str) -> None:
        """A life of the worker, which ends at the `<step>:<n>`."""
        self.worker.begin(kill_at=point)
        assert self.worker.wait() == -9
        self._note_death()

    def die_after(self, seconds: float) -> None:
        """A life of so many seconds."""
        self.worker.begin()
        self.change()
        threading.Event().wait(seconds)
        self.worker.kill()
        self._note_death()

    def settle(self) -> list[str]:
        """Let a worker live until nothing is left to do; then what is not as it must be."""
        self.worker.begin()
        wrong = asyncio.run(self._settle())
        self.worker.kill()
        return wrong

    async def _settle(self) -> list[str]:
        services = await open_services(read_settings())
        try:
            until = time.monotonic() + PATIENCE
            while not await self._is_at_rest(services):
                assert time.monotonic() < until, (
                    f"{await _waiting(services)} wait; {await differences(services, self.contents)}"
                )
                await asyncio.sleep(0.2)
            return await differences(services, self.contents)
        finally:
            await services.close()

    async def _is_at_rest(self, services: Services) -> bool:
        """No message waits, and the reconciler finds nothing. What died five times is retried by a person."""
        self.host.client.post("/api/documents/retry").raise_for_status()
        if any((await _waiting(services)).values()):
            return False
        found = await reconcile(services, stuck_after=0.0)
        return not (found.announced or found.filled or found.vanished or found.orphans)

    def embedded_again(self) -> list[str]:
        """Texts that were embedded twice, though no kill hit the request that embedded them first."""
        lost = {place for death in self._deaths for place in range(death - _CALLS, death)}
        places: dict[str, int] = {}
        again = []
        for place, texts in enumerate(self._embedded()):
            again += [text for text in texts if text in places and places[text] not in lost]
            places |= dict.fromkeys(texts, place)
        return again

    def _embedded(self) -> list[list[str]]:
        inputs = [list(body.get("input", [])) for body in list(self._openai.requests)]
        return [texts for texts in inputs if any(_EDITION.search(text) for text in texts)]

    def _note_death(self) -> None:
        self._deaths.append(len(self._embedded()))


async def _waiting(services: Services) -> dict[str, int]:
    return {queue: await services.queue.length(queue) for queue in _QUEUES}


def _line(number: int, edition: int, name: str) -> str:
    filler = "which was set, proofed, printed, bound and sent to the readers of the library in the same week"
    return f"Line {number} of edition {edition} of {name}, {filler} that it was written in, page by page."


class Reader:
    """Searches all the time; `faults` are the answers that nobody should have been given."""

    def __init__(self, host: RealHost) -> None:
        self.faults: list[str] = []
        self.answers = 0
        self.editions: dict[str, set[int]] = {LONG: set(), PAIR: set()}
        self._host = host
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        found = {name: self._host.document(name) for name in self.editions}
        while not self._stop.wait(0.2):
            for name, document in found.items():
                assert document is not None
                body = {"question": "Which lines are there?", "top_k": 50, "document_ids": [document["id"]]}
                answer = self._host.client.post("/api/search", json=body)
                self.answers += 1
                if answer.status_code == 200:
                    self._check(name, answer.json()["passages"])
                else:
                    self.faults.append(answer.text)

    def _check(self, name: str, passages: list[dict[str, Any]]) -> None:
        editions = {int(number) for each in passages for number in _EDITION.findall(each["content"])}
        latest = max(self.editions[name], default=0)
        if len(passages) != min(50, _LINES[name]) or len(editions) != 1 or min(editions) < latest:
            self.faults.append(f"{name}: {len(passages)} passages of {editions} after {latest}")
        self.editions[name] |= editions
