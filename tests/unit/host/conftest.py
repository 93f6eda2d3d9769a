"""A small Function App of our own, a queue in memory and a container that says what changes."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from host.options import QueueOptions
from shared.domain import BlobProperties, QueueMessage

FAST = QueueOptions(
    batch_size=4,
    visibility=0.4,
    renew_every=0.1,
    retry_delays=(0.01, 0.02),
    poll_least=0.01,
    poll_most=0.05,
)


class MemoryQueue:
    """The semantics of `EventQueue`, in this process only."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, tuple[QueueMessage, float]]] = defaultdict(dict)
        self.fails_with: list[Exception] = []
        self._ids = itertools.count(1)

    async def send(self, queue: str, body: str, *, delay: float = 0.0) -> None:
        message = QueueMessage(
            id=str(next(self._ids)), receipt="", body=body, dequeue_count=0, inserted_at=time.time()
        )
        self.messages[queue][message.id] = (message, time.monotonic() + delay)

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[QueueMessage]:
        if self.fails_with:
            raise self.fails_with.pop()
        now = time.monotonic()
        visible = [message for message, hidden_until in self.messages[queue].values() if hidden_until <= now]
        return [
            self._held(queue, replace(message, dequeue_count=message.dequeue_count + 1), visibility)
            for message in visible[:limit]
        ]

    async def extend(self, queue: str, message: QueueMessage, *, visibility: float) -> QueueMessage | None:
        return self._held(queue, message, visibility) if self._holds(queue, message) else None

    async def delete(self, queue: str, message: QueueMessage) -> bool:
        if not self._holds(queue, message):
            return False
        del self.messages[queue][message.id]
        return True

    def bodies(self, queue: str) -> list[str]:
        return [message.body for message, _ in self.messages[queue].values()]

    def _holds(self, queue: str, message: QueueMessage) -> bool:
        stored, _ = self.messages[queue].get(message.id, (None, 0.0))
        return stored is not None and stored.receipt == message.receipt

    def _held(self, queue: str, message: QueueMessage, visibility: float) -> QueueMessage:
        held = replace(message, receipt=f"r{next(self._ids)}")
        self.messages[queue][message.id] = (held, time.monotonic() + visibility)
        return held


class ChangingBlobs:
    """A container whose changes a test tells."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.rounds: asyncio.Queue[set[str] | Exception] = asyncio.Queue()

    async def head(self, name: str) -> BlobProperties | None:
        size = self.sizes.get(name)
        return None if size is None else BlobProperties(name=name, etag="e1", size=size, modified_at=0.0)

    async def changes(self) -> AsyncIterator[set[str]]:
        while True:
            names = await self.rounds.get()
            if isinstance(names, Exception):
                raise names
            yield names


class Embedder:
    def __init__(self) -> None:
        self.questions: list[str] = []

    async def embed_query(self, text: str) -> list[float]:
        self.questions.append(text)
        return [1.0]


class SearchIndex:
    async def count(self) -> int:
        return 0


@dataclass
class Services:
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    blobs: ChangingBlobs = field(default_factory=ChangingBlobs)
    embedder: Embedder = field(default_factory=Embedder)
    search_index: SearchIndex = field(default_factory=SearchIndex)


class Runtime:
    def __init__(self) -> None:
        self.settings = SimpleNamespace(cors_origins=("https://app.example",))
        self.opened = Services()
        self.refuses_with: Exception | None = None
        self.is_closed = False

    async def services(self) -> Services:
        if self.refuses_with:
            raise self.refuses_with
        return self.opened

    async def close(self) -> None:
        self.is_closed = True


class SmallApp:
    """The module a host runs: every trigger, and an API of three routes. `seen` is what was fired."""

    def __init__(self) -> None:
        self.runtime = Runtime()
        self.seen: list[tuple[str, Any]] = []
        self.announced: list[tuple[str, bool]] = []
        self.on_message: Callable[[func.QueueMessage], Awaitable[None]] | None = None
        self.stream_may_end = asyncio.Event()
        self.app = func.FunctionApp()
        self._register()
        self.api = Starlette(
            routes=[
                Route("/api/health/live", _ok),
                Route("/api/stream", self._stream),
                Route("/api/send", self._send, methods=["POST"]),
            ]
        )

    async def announce(self, name: str, *, deleted: bool) -> None:
        self.announced.append((name, deleted))

    def fired(self, name: str) -> list[Any]:
        return [argument for function, argument in self.seen if function == name]

    def _register(self) -> None:
        app = self.app

        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        async def on_work(message: func.QueueMessage) -> None:
            self.seen.append(("on_work", message))
            if self.on_message is not None:
                await self.on_message(message)

        @app.blob_trigger(arg_name="blob", path="uploads/{name}", connection="Storage")
        async def on_blob(blob: func.InputStream) -> None:
            self.seen.append(("on_blob", blob))

        @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=False)
        async def on_time(timer: func.TimerRequest) -> None:
            self.seen.append(("on_time", timer))

        @app.route("api/health/live")
        async def over_http(request: func.HttpRequest) -> func.HttpResponse:
            raise AssertionError("HTTP reaches the API, never an HTTP-triggered function")

    async def _stream(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[str]:
            yield "first "
            await self.stream_may_end.wait()
            yield "last"

        return StreamingResponse(pieces())

    async def _send(self, request: Request) -> Response:
        await self.runtime.opened.queue.send("work", (await request.body()).decode())
        return PlainTextResponse("sent", 202)


async def _ok(request: Request) -> Response:
    return PlainTextResponse("ok")


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def small_app() -> SmallApp:
    return SmallApp()


@pytest.fixture
def fast() -> QueueOptions:
    return FAST


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait until a claim holds; the test fails if it does not within ten seconds."""

    async def wait_until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.005)

    return wait_until
