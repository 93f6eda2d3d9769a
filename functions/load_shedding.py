"""Turns questions away that would only make all others wait. Put inside the request edge by api.

A question holds a place until its passages are found: that is the work which is ours. While the language
model then talks, the answer holds none, however long it takes; what handing it on costs us, the limit
notices. A few wait for a place, in their order; whoever comes beyond that is told 503 at once.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from itertools import cycle
from types import SimpleNamespace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.adaptive_limit import LEAST, AdaptiveLimit
from functions.problems import dialect_problem
from shared.telemetry.logs import event
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

_OWN = ("/api/query", "/api/search")
_FOREIGN = ("/api/chat", "/api/chat/stream", "/api/v1/chat/completions")
_ROUTES = {path: SimpleNamespace(path=path) for path in _OWN + _FOREIGN}  # what a router would have found

_WAIT = 0.05  # seconds that the last one in the queue waits, about
_BURST = 100  # may wait when many come at once after a calm time
_BURST_SECONDS = 0.5  # that such a time lasts
_CALM_SECONDS = 2.0  # without anybody waiting
_HELD = 1.0  # seconds: what takes longer waits for others (a slow client, a service), and not for us

_ID = "request-id"
_PROBLEM = {
    "type": "urn:rag:problem:overloaded",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "too many questions at once; ask again in a moment",
    "request_id": _ID,
}
# Ready-made, around the request's id: turning away has to cost next to nothing.
_REFUSALS = {path: json.dumps(_PROBLEM).split(_ID) for path in _OWN} | {
    path: json.dumps(dialect_problem(_PROBLEM)).split(_ID) for path in _FOREIGN
}
_LOG_EVERY = 10.0  # seconds: a line for each would cost more than the refusal


class Gate:
    """Places for as many as the limit says, and a queue before them."""

    def __init__(
        self, limit: AdaptiveLimit, *, held: float = _HELD, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._held = held
        self._now = now
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._waited_at = self._burst_from = float("-inf")

    async def enter(self) -> "Place | None":
        """A place, at once or after a short wait; None if too many wait already."""
        if not self._waiting and self._inside < int(self._limit):
            self._inside += 1
        elif self._may_wait():
            await self._wait()
        else:
            return None
        asyncio.get_running_loop().call_soon(self._came_round, time.perf_counter())
        return Place(self, self._held)

    def leave(self) -> None:
        """Called by places."""
        self._inside -= 1
        while self._waiting and self._inside < int(self._limit):
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self._inside += 1
                turn.set_result(None)

    def _may_wait(self) -> bool:
        now = self._now()
        if now - self._waited_at > _CALM_SECONDS:
            self._burst_from = now
        self._waited_at = now
        self._limit.reached()
        if now - self._burst_from < _BURST_SECONDS:
            return len(self._waiting) < _BURST
        return len(self._waiting) < max(LEAST, self._limit.per_second * _WAIT)

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn had just come
                self.leave()
            raise

    def _came_round(self, since: float) -> None:
        self._limit.observe(time.perf_counter() - since)


class Place:
    """Of one request in a gate. It ends with the first that ends it, or by itself."""

    def __init__(self, gate: Gate, seconds: float) -> None:
        self._gate = gate
        self._lease = asyncio.get_running_loop().call_later(seconds, self.give_back)
        self._is_held = True

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._lease.cancel()
            self._gate.leave()


_place: ContextVar[Place | None] = ContextVar("place", default=None)


def passages_found() -> None:
    """From here on this request waits for a language model. The first piece of a response says the same."""
    place = _place.get()
    if place is not None:
        place.give_back()


class LoadShedding:
    """`most` bounds the answers that are under way, those that the language model is at included."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, most: int) -> None:
        self._app = app
        self._metrics = metrics
        self._most = most
        self._under_way = 0
        self._gate = Gate(limit := AdaptiveLimit(most))
        self._retry_after = cycle((b"1", b"2"))  # seconds: not all of them at once again
        self._turned_away = 0  # since the last line in the log
        self._logged_at = float("-inf")
        metrics.watch_load(in_flight=lambda: self._under_way, limit=lambda: int(limit))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in _ROUTES or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        receive = await _read(receive)  # whoever sends slowly waits outside
        if self._under_way < self._most and (place := await self._gate.enter()):
            await self._answer(place, scope, receive, send)
        else:
            await self._turn_away(scope, send)

    async def _answer(self, place: Place, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_give_back(message: Message) -> None:
            if message["type"] == "http.response.body":
                place.give_back()
            await send(message)

        _place.set(place)
        self._under_way += 1
        try:
            await self._app(scope, receive, send_and_give_back)
        finally:
            self._under_way -= 1
            place.give_back()

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        scope["route"] = _ROUTES[scope["path"]]
        scope["state"]["is_logged"] = True
        self._count()
        problem = scope["state"]["request_id"].join(_REFUSALS[scope["path"]]).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(problem)),
            (b"retry-after", next(self._retry_after)),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": problem})

    def _count(self) -> None:
        self._metrics.question_shed()
        self._turned_away += 1
        now = time.monotonic()
        if now - self._logged_at > _LOG_EVERY:
            event(log, "questions_shed", level=logging.WARNING, count=self._turned_away)
            self._turned_away, self._logged_at = 0, now


async def _read(receive: Receive) -> Receive:
    """The whole body first, which a limit outside of here keeps small."""
    messages = deque([await receive()])
    while messages[-1].get("more_body", False):
        messages.append(await receive())

    async def replayed() -> Message:
        return messages.popleft() if messages else await receive()

    return replayed
