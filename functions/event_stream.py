"""Server-sent events: how answers travel in pieces. Used by the query routes of every dialect."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeVar

from anyio import CancelScope

T = TypeVar("T")

HEARTBEAT_SECONDS = 15.0  # the Functions host's proxy drops a stream that is silent for 240 s


def encode(event: str, data: dict[str, Any]) -> bytes:
    """One event; JSON has no line ends of its own, so one `data:` line carries it."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def comment(text: str) -> bytes:
    """A line that clients ignore and proxies see."""
    return f": {text}\n\n".encode()


async def with_heartbeat(
    items: AsyncGenerator[T, None], *, every: float = HEARTBEAT_SECONDS
) -> AsyncGenerator[T | None, None]:
    """The items, and None whenever none came for `every` seconds. Closing it closes the items."""
    async with aclosing(items):
        waiting: asyncio.Task[T] | None = None
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(anext(items))
                done, _ = await asyncio.wait({waiting}, timeout=every)
                if not done:
                    yield None
                    continue
                finished, waiting = waiting, None
                try:
                    item = finished.result()
                except StopAsyncIteration:
                    return
                yield item
        finally:
            if waiting is not None:
                waiting.cancel()
                with CancelScope(shield=True):  # a client that leaves cancels again and again
                    await asyncio.wait({waiting})
