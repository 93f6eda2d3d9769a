"""A load balancer as simple as one may be: it asks its hosts whether they are ready, and sends requests to
those that are, in turn, over connections that it keeps. It sends none twice: its client meets what a host
does to a request. Used by the tests of releases.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.release.http_messages import Head, Stream, copy_body, read_head

_EVERY = 0.2  # seconds between two health checks of a host
_LATE = 2.0  # seconds for an answer to a health check
_MOST_LATE = 3  # answers in a row: a machine may be busy
_NOT_ANSWERED = b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(eq=False)
class Backend:
    port: int
    is_ready: bool = False
    in_flight: int = 0
    idle: list[Stream] = field(default_factory=list)
    late: int = 0


class Balancer:
    """`mishaps`: what hosts did to requests. `is_asking`: whether it looks after its hosts."""

    def __init__(self) -> None:
        self.is_asking = True
        self.port = 0
        self.mishaps: list[str] = []
        self.backends: tuple[Backend, ...] = ()
        self._turn = 0
        self._checks: list[asyncio.Task[None]] = []

    def add(self, port: int) -> Backend:
        """From any thread."""
        backend = Backend(port)
        self.backends = (*self.backends, backend)
        self._loop.call_soon_threadsafe(self._begin_checks, backend)
        return backend

    def remove(self, backend: Backend) -> None:
        """From any thread. Its checks end with the next."""
        self.backends = tuple(each for each in self.backends if each is not backend)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self.backends = ()
            server.close()
            await asyncio.gather(*self._checks)

    # -- health --------------------------------------------------------------------------------

    def _begin_checks(self, backend: Backend) -> None:
        self._checks.append(asyncio.create_task(self._check_again_and_again(backend)))

    async def _check_again_and_again(self, backend: Backend) -> None:
        """Each by itself: one that is slow, say since it starts, keeps nobody from seeing another one end."""
        while backend in self.backends:
            if self.is_asking:
                await self._check(backend)
            await asyncio.sleep(_EVERY)
        await _close_idle(backend)

    async def _check(self, backend: Backend) -> None:
        try:
            async with asyncio.timeout(_LATE):
                backend.is_ready = await _says_ready(backend.port)
            backend.late = 0
        except TimeoutError:
            backend.late += 1
            backend.is_ready = backend.is_ready and backend.late < _MOST_LATE
        except (OSError, EOFError):
            backend.is_ready = False
        if not backend.is_ready:
            await _close_idle(backend)

    # -- requests ------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Stream(reader, writer)
        try:
            while await self._exchange(client):
                pass
        except (OSError, EOFError):
            client.abort()  # it went away, or an answer broke off
        finally:
            await client.close()

    async def _exchange(self, client: Stream) -> bool:
        """A request and its answer; whether the client's connection goes on. Errors: as `copy_body`."""
        request = await read_head(client.reader)
        ready = [each for each in self.backends if each.is_ready]
        if not ready:
            self.mishaps.append("no host is ready")
            client.writer.write(_NOT_ANSWERED % b"503 Service Unavailable")
            return False
        self._turn += 1
        backend = ready[self._turn % len(ready)]
        backend.in_flight += 1
        try:
            return await self._pass_on(request, client, backend)
        finally:
            backend.in_flight -= 1

    async def _pass_on(self, request: Head, client: Stream, backend: Backend) -> bool:
        host: Stream | None = None
        try:
            host = backend.idle.pop() if backend.idle else await Stream.to(backend.port)
            host.writer.write(request.raw)
            await copy_body(request, client.reader, host.writer)
            answer = await read_head(host.reader)
        except (OSError, EOFError) as error:
            if host is not None:
                host.abort()
            self.mishaps.append(f"{request.line} was not answered: {error!r}")
            client.writer.write(_NOT_ANSWERED % b"502 Bad Gateway")
            return False
        try:
            client.writer.write(answer.raw)
            await copy_body(answer, host.reader, client.writer)
        except (OSError, EOFError) as error:
            host.abort()
            self.mishaps.append(f"the answer to {request.line} broke off: {error!r}")
            raise
        if answer.is_last or not backend.is_ready:
            await host.close()
        else:
            backend.idle.append(host)
        return not request.is_last


async def _says_ready(port: int) -> bool:
    host = await Stream.to(port)
    try:
        host.writer.write(b"GET /api/health/ready HTTP/1.1\r\nhost: check\r\nconnection: close\r\n\r\n")
        return (await read_head(host.reader)).line.split()[1] == "200"
    finally:
        host.abort()


async def _close_idle(backend: Backend) -> None:
    idle, backend.idle = backend.idle, []
    for host in idle:
        with contextlib.suppress(OSError):
            await host.close()
