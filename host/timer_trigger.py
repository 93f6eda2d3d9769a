"""The timer trigger: a function on its schedule, never twice at the same time. Built by the host."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from azure.functions.timer import TimerRequest

from host import schedule
from host.functions import Function
from host.loops import wait
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_WATCH_SECONDS = 10.0  # a watch that does not come on must not keep the timers waiting


def utc_now() -> datetime:
    return datetime.now(UTC)


class TimerTrigger:
    """`watching` is set when no change is overlooked any more: what the first run does not see is told.

    Errors: `ValueError` for a schedule that cannot be read.
    """

    def __init__(
        self,
        function: Function,
        *,
        watching: asyncio.Event,
        stopping: asyncio.Event,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._function = function
        self._schedule = schedule.parse(str(function.binding["schedule"]))
        self._watching = watching
        self._stopping = stopping
        self._now = now
        self._is_due = True

    async def run(self) -> None:
        """Once at the start as past due, since nobody ran while the host was down; then on schedule."""
        await wait(self._watching, timeout=_WATCH_SECONDS)
        while not self._stopping.is_set():
            if self._is_due:
                self._is_due = False
                await self._fire(past_due=True)
            due = self._schedule.next_after(self._now())
            if not await wait(self._stopping, timeout=(due - self._now()).total_seconds()):
                await self._fire(past_due=False)

    async def _fire(self, *, past_due: bool) -> None:
        try:
            await self._function.invoke(TimerRequest(past_due=past_due))
        except Exception as error:  # noqa: BLE001 - a timer that failed fires again on schedule
            event(log, "function_failed", level=logging.ERROR, error=error, function=self._function.name)
