"""Answers on their way: in pieces, and while somebody waits. Used by the query routes of every dialect."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from functions.problems import problem_json
from shared.domain import AnswerEvent
from shared.errors import BackendUnavailable

T = TypeVar("T")

HEARTBEAT_SECONDS = 15.0  # the Functions host's proxy drops a stream that is silent for 240 s
_JSON = TypeAdapter(dict[str, Any])  # writes five times as fast as the standard library
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a dialect writes a stream. Its pieces are whole: a heartbeat may stand between any two."""

    media_type: str
    heartbeat: bytes  # what clients ignore and proxies see
    event: Callable[[AnswerEvent], bytes]
    problem: Callable[[dict[str, Any]], bytes]  # the last piece of a stream that failed


class AnswerStream(StreamingResponse):
    """Ends in the `DoneEvent`'s piece or in a problem's, also when the server stops in the middle of it.

    A client that goes away ends the work behind it.
    """

    def __init__(
        self,
        first: AnswerEvent,
        rest: AsyncGenerator[AnswerEvent, None],
        wire: Wire,
        *,
        request_id: str,
        heartbeat_every: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._rest = rest
        self._pieces = self._encoded(first)
        super().__init__(self._pieces, media_type=wire.media_type, headers=_HEADERS)
        self._wire = wire
        self._request_id = request_id
        self._heartbeat_every = heartbeat_every
        self._state: dict[str, Any] = {}  # of the request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._state = scope.setdefault("state", {})

        async def write(piece: bytes, *, is_last: bool = False) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": not is_last})

        async def write_pieces() -> None:
            async with aclosing(self._rest):
                async for piece in self._pieces:
                    await write(piece)

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await unless_gone(
                write_pieces(),
                receive,
                meanwhile=lambda: write(self._wire.heartbeat),
                every=self._heartbeat_every,
            )
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            await write(self._problem(BackendUnavailable("the server is stopping; ask again")), is_last=True)
            raise
        await write(b"", is_last=True)

    async def _encoded(self, first: AnswerEvent) -> AsyncGenerator[bytes, None]:
        try:
            yield self._wire.event(first)
            async for event in self._rest:
                yield self._wire.event(event)
        except Exception as error:  # noqa: BLE001  the edge: the status line is long gone
            yield self._problem(error)

    def _problem(self, error: Exception) -> bytes:
        problem = problem_json(error, self._request_id)
        self._state["broke_off"] = problem["status"]  # the status line said 200: metrics and log say this
        return self._wire.problem(problem)


async def streamed(
    events: AsyncGenerator[AnswerEvent, None], request: Request, wire: Wire
) -> StreamingResponse:
    """The events as they come, from the first one on. What fails before it is raised: an ordinary problem."""
    first = await unless_gone(anext(events), request.receive)
    return AnswerStream(first, events, wire, request_id=request.state.request_id)


async def unless_gone(
    work: Awaitable[T],
    receive: Receive,
    *,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    every: float | None = None,
) -> T:
    """What the work comes to; it is cancelled, and has ended, when its client or the server stops waiting.

    `meanwhile` is called `every` so many seconds. The request's body must have been read. Errors: those
    of the work, and `ClientDisconnect`.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    both = (working, leaving)
    try:
        while not (await asyncio.wait(both, timeout=every, return_when=asyncio.FIRST_COMPLETED))[0]:
            if meanwhile:
                await meanwhile()
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def encode(event: str, data: dict[str, Any]) -> bytes:
    """A server-sent event; JSON has no line ends of its own, so one `data:` line carries it."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), written(data))


def written(data: dict[str, Any]) -> bytes:
    """As JSON on one line."""
    return _JSON.dump_json(data)


def comment(text: str) -> bytes:
    """A line that readers of server-sent events ignore."""
    return f": {text}\n\n".encode()
