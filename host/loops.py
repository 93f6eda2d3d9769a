"""How long-running loops live: started again when they crash, ended when the host stops. Used by the host."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_STABLE_AFTER = 60.0  # seconds of life after which a crash counts as the first again


async def supervise(
    name: str, run: Callable[[], Awaitable[None]], stopping: asyncio.Event, *, least: float, most: float
) -> None:
    """Run a loop until it returns. After a crash it starts again, `least` to `most` seconds later."""
    clock = asyncio.get_running_loop().time
    delay = least
    while not stopping.is_set():
        began = clock()
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - nothing that a loop raises ends the host
            delay = least if clock() - began > _STABLE_AFTER else delay
            event(log, "loop_crashed", level=logging.ERROR, error=error, loop=name, restart_in=delay)
            await wait(stopping, timeout=delay)
            delay = min(delay * 2, most)
        else:
            return


async def wait(event: asyncio.Event, *, timeout: float | None) -> bool:
    """Whether the event came within `timeout` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await event.wait()
    return event.is_set()


async def until(stopping: asyncio.Event, work: Coroutine[Any, Any, Any] | asyncio.Future[Any]) -> None:
    """Do the work, or as much of it as fits before `stopping` is set. Raises what the work raises."""
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    if not task.cancelled():
        task.result()
