"""Open-loop load: a question leaves when its time has come, whether or not earlier ones were answered.

A process of its own, which bench.overload starts, so that its work is not the server's.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass

_WARM = 0.3  # of the time, which is not looked at
_PATIENCE = 35.0  # seconds for the last answers


@dataclass(kw_only=True)
class Exchange:
    """Times by the clock of `time.perf_counter`."""

    due: float
    status: int = 0
    first: float = 0.0  # the first event of an answer, or the refusal
    last: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of what was due while it was looked at. Milliseconds are from the time that a question was due."""

    offered: float  # a second
    answered: float  # a second
    refused: float  # a second
    failed: int
    first_ms: list[float]  # of answers, to the first event
    whole_ms: list[float]
    refused_ms: list[float]
    cpu: float  # seconds of this process a second


class Connection(asyncio.Protocol):
    """Kept alive: a request, its answer, the next request."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: bytes, exchange: Exchange) -> None:
        assert self._transport is not None
        self._exchange, self._seen = exchange, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        exchange, now = self._exchange, time.perf_counter()
        if exchange is None:
            return
        self._seen += data
        head, _, body = self._seen.partition(b"\r\n\r\n")
        if not body:
            return
        exchange.first = exchange.first or now
        exchange.status = int(head[9:12])
        if exchange.status != 200 or body.endswith(b"\r\n0\r\n\r\n"):
            exchange.last = now
            self._exchange = None
            self._load.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self in self._load.idle:
            self._load.idle.remove(self)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


class Load:
    def __init__(self, port: int, token: str) -> None:
        self.idle: list[Connection] = []
        self._port = port
        self._head = (
            f"POST /api/query HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: "
        )
        self._random = random.Random()
        self._opening: set[asyncio.Task[None]] = set()

    async def run(self, rate: float, seconds: float) -> Outcome:
        began, due = time.perf_counter(), 0.0
        exchanges: list[Exchange] = []
        cpu = time.process_time()
        while (due := due + self._random.expovariate(rate)) < seconds:
            while (left := began + due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            exchange = Exchange(due=began + due)
            exchanges.append(exchange)
            self._ask(exchange)
        cpu = (time.process_time() - cpu) / seconds
        until = time.perf_counter() + _PATIENCE
        while time.perf_counter() < until and not all(each.last for each in exchanges):
            await asyncio.sleep(0.05)
        for connection in self.idle:
            connection.close()
        return _outcome(exchanges, began + seconds * _WARM, began + seconds, cpu)

    def _ask(self, exchange: Exchange) -> None:
        body = json.dumps({"question": f"What does part {self._random.getrandbits(40)} cost in spring?"})
        request = f"{self._head}{len(body)}\r\n\r\n{body}".encode()
        if self.idle:
            self.idle.pop().send(request, exchange)
            return
        task = asyncio.create_task(self._open(request, exchange))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, request: bytes, exchange: Exchange) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
        connection.send(request, exchange)


def _outcome(exchanges: list[Exchange], begin: float, end: float, cpu: float) -> Outcome:
    counted = [each for each in exchanges if each.due >= begin]
    answered = [each for each in counted if each.status == 200]
    refused = [each for each in counted if each.status == 503]
    whole = [each for each in exchanges if each.status == 200 and begin <= each.last <= end]
    span = end - begin
    return Outcome(
        offered=len(counted) / span,
        answered=len(whole) / span,
        refused=len(refused) / span,
        failed=len(counted) - len(answered) - len(refused),
        first_ms=[(each.first - each.due) * 1000 for each in answered],
        whole_ms=[(each.last - each.due) * 1000 for each in answered],
        refused_ms=[(each.last - each.due) * 1000 for each in refused],
        cpu=cpu,
    )


def main() -> None:
    """Port, access token, questions a second and seconds are the arguments. Prints an `Outcome` as JSON."""
    port, token, rate, seconds = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(Load(int(port), token).run(float(rate), float(seconds))))))
