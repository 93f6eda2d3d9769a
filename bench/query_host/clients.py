"""Clients of `POST /api/query`, or of a search, in a process of their own. Started by bench/query and users.

`python -m bench.query_host.clients '{"port": …}'` runs a `Load` and prints its `Outcome`, both as JSON. Each
client keeps one connection and asks its next question when the last answer has ended.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

_FIRST_BYTES = 8192  # in which the status and the id of the conversation stand


@dataclass(frozen=True, kw_only=True)
class Load:
    """`hold`: ask once, then keep the stream open until a line comes in on standard input."""

    port: int
    token: str
    at_once: int
    question: str
    path: str = "/api/query"
    seconds: float = 0.0
    spread: float = 0.0  # seconds over which the clients begin
    kind: Literal["new", "follow_up", "same"] = "new"
    is_streamed: bool = True
    hold: bool = False


@dataclass(kw_only=True)
class Outcome:
    taken: list[float] = field(default_factory=list)  # ms to the end of each whole answer
    first: list[float] = field(default_factory=list)  # ms to its first event
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu: float = 0.0


class Client(asyncio.Protocol):
    """One connection; `ask` at a time one question."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.received = bytearray()
        self.first_at = 0.0
        self._whole = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.received:
            self.first_at = time.perf_counter()
        self.received += data
        if self._is_whole() and not self._whole.done():
            self._whole.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._whole.done():
            self._whole.set_exception(exc or ConnectionResetError("cut off"))

    async def ask(self, request: bytes) -> bytes:
        self.received.clear()
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._whole
        return bytes(self.received)

    def close(self) -> None:
        self._whole.cancel()
        self._transport.close()

    def _is_whole(self) -> bool:
        if self.received.endswith(b"\r\n0\r\n\r\n"):
            return True
        head, _, _ = self.received[:_FIRST_BYTES].partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return bool(length) and len(self.received) >= len(head) + 4 + int(length)


class Asker:
    """A client that goes on asking."""

    def __init__(self, load: Load, number: int, outcome: Outcome) -> None:
        self._load = load
        self._number = number
        self._outcome = outcome
        self._asked = 0
        self._conversation: str | None = None

    async def run(self, until: float) -> None:
        client = await connect(self._load.port)
        while time.monotonic() < until:
            started = time.perf_counter()
            try:
                answer = await client.ask(self._request())
            except ConnectionError:
                self._outcome.failures["cut off"] += 1
                client = await connect(self._load.port)
                continue
            ended = time.perf_counter()
            failure = why_not(answer)
            if failure is None:
                self._outcome.taken.append((ended - started) * 1000)
                self._outcome.first.append((client.first_at - started) * 1000)
            else:
                self._outcome.failures[failure] += 1
                await asyncio.sleep(0.05)
            if self._load.kind == "follow_up" and self._conversation is None:
                self._conversation = _between(answer, b'"conversation_id":"', b'"')
        client.close()

    def _request(self) -> bytes:
        self._asked += 1
        asked = {"question": self._load.question}
        if self._load.kind != "same":
            asked["question"] += f" {self._number} {self._asked} {time.monotonic_ns()}"
        if self._conversation is not None:
            asked["conversation_id"] = self._conversation
        return request(self._load, asked)


async def connect(port: int) -> Client:
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


def request(load: Load, asked: dict[str, str]) -> bytes:
    body = json.dumps(asked)
    accept = "text/event-stream" if load.is_streamed else "application/json"
    return (
        f"POST {load.path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nAuthorization: Bearer {load.token}\r\n"
        f"Content-Type: application/json\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def why_not(answer: bytes) -> str | None:
    """None for a whole answer of the language model's, or of the cache's."""
    status = answer[9:12].decode()
    if status != "200":
        return status
    if b"text/event-stream" in answer[:_FIRST_BYTES] and b"event: done\n" not in answer:
        return "no done"
    return None if b'"degraded": null' in answer or b'"degraded":null' in answer else "degraded"


def _between(text: bytes, before: bytes, after: bytes) -> str:
    return text.partition(before)[2].partition(after)[0].decode()


async def run(load: Load) -> Outcome:
    outcome = Outcome()
    started, cpu = time.monotonic(), time.process_time()

    async def begin(number: int) -> None:
        await asyncio.sleep(load.spread * number / load.at_once)
        await Asker(load, number, outcome).run(started + load.spread + load.seconds)

    await asyncio.gather(*(begin(number) for number in range(load.at_once)))
    outcome.seconds, outcome.cpu = time.monotonic() - started, time.process_time() - cpu
    return outcome


async def hold(load: Load) -> int:
    """How many streams stood open when the line came."""
    clients = [await connect(load.port) for _ in range(load.at_once)]
    asking = [
        asyncio.create_task(client.ask(request(load, {"question": f"{load.question} {number}"})))
        for number, client in enumerate(clients)
    ]
    while not all(b"event: delta" in client.received for client in clients):
        if any(task.done() for task in asking):
            break
        await asyncio.sleep(0.05)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    held = sum(not task.done() for task in asking)
    for client in clients:
        client.close()
    await asyncio.gather(*asking, return_exceptions=True)
    return held


def main() -> None:
    load = Load(**json.loads(sys.argv[1]))
    print(asyncio.run(hold(load)) if load.hold else json.dumps(vars(asyncio.run(run(load)))))


if __name__ == "__main__":
    main()
