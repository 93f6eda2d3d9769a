"""A small Function App of our own, the real queue, and a container that says what changes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from host.options import HostOptions, QueueOptions
from host.standalone import StandaloneHost
from host.web import listen
from shared.domain import BlobProperties, QueueMessage
from shared.event_queues.sqlite import SqliteEventQueue

FAST = QueueOptions(
    batch_size=4,
    visibility=0.4,
    renew_every=0.1,
    retry_delays=(0.01, 0.02),
    poll_least=0.01,
    poll_most=0.05,
)


class OpenQueue(SqliteEventQueue):
    """The real queue, which a test can look into and can let fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fails_with: list[Exception] = []
        self._path = path

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[QueueMessage]:
        if self.fails_with:
            raise self.fails_with.pop()
        return await super().receive(queue, limit=limit, visibility=visibility)

    def bodies(self, queue: str) -> list[str]:
        """Of all messages, visible or not."""
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute("SELECT body FROM messages WHERE queue = ? ORDER BY sequence", (queue,))
            return [body for (body,) in rows]


class ChangingBlobs:
    """A container whose changes a test tells."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.rounds: asyncio.Queue[set[str] | Exception] = asyncio.Queue()

    async def head(self, name: str) -> BlobProperties | None:
        size = self.sizes.get(name)
        return None if size is None else BlobProperties(name=name, etag="e1", size=size, modified_at=0.0)

    async def changes(self) -> AsyncIterator[set[str]]:
        yield set()  # it is watching
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
class Live:
    embedder: Embedder = field(default_factory=Embedder)
    search_index: SearchIndex = field(default_factory=SearchIndex)


@dataclass
class Shelf:
    opened: Live = field(default_factory=Live)

    async def live(self) -> Live:
        return self.opened


@dataclass
class Services:
    queue: OpenQueue
    blobs: ChangingBlobs = field(default_factory=ChangingBlobs)
    shelf: Shelf = field(default_factory=Shelf)


class Runtime:
    def __init__(self, queue: OpenQueue) -> None:
        self.settings = SimpleNamespace(cors_origins=("https://app.example",))
        self.opened = Services(queue=queue)
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

    def __init__(self, queue: OpenQueue) -> None:
        self.runtime = Runtime(queue)
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
async def queue(tmp_path: Path) -> AsyncIterator[OpenQueue]:
    opened = OpenQueue(tmp_path / "queue.db")
    await opened.length("work")  # makes the file
    yield opened
    await opened.close()


@pytest.fixture
def small_app(queue: OpenQueue) -> SmallApp:
    return SmallApp(queue)


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


@pytest.fixture
def hosting(small_app: Any, fast: QueueOptions) -> Any:
    """Run the small app; gives a client. Leaving the context drains the host."""

    @asynccontextmanager
    async def run(*, only: Any = None, drain: int = 0, grace: int = 5) -> AsyncIterator[httpx.AsyncClient]:
        answering = asyncio.Event()

        options = HostOptions(only=only, queues=fast, drain=drain, grace=grace)
        host = StandaloneHost(small_app, options, answering=answering.set)
        listener = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        task = asyncio.create_task(host.run(listener))
        try:
            async with asyncio.timeout(10), httpx.AsyncClient(base_url=address, trust_env=False) as client:
                await answering.wait()
                yield client
        finally:
            host.stop()
            async with asyncio.timeout(10):
                await task

    return run
