"""The functions of an app, as `app.get_functions()` lists them, and how one is called. Used by the host."""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from shared.telemetry.logs import event

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function that something other than HTTP fires."""

    name: str
    trigger: str  # the binding's type: `queueTrigger`, `blobTrigger`, `timerTrigger`
    binding: Mapping[str, Any]
    call: Callable[..., Awaitable[None]]
    timeout: float | None  # seconds

    async def invoke(self, argument: object, *, attempt: int = 1) -> None:
        """Raises what the function raises, and `TimeoutError` past its time."""
        began = time.perf_counter()
        async with asyncio.timeout(self.timeout):
            await self.call(**{self.binding["name"]: argument})
        took = round((time.perf_counter() - began) * 1000)
        event(log, "function_ran", level=logging.DEBUG, function=self.name, attempt=attempt, ms=took)


def read_functions(app: func.FunctionApp, *, timeout: float | None) -> list[Function]:
    """Every function that is not triggered by HTTP."""
    return [
        Function(
            name=function.get_function_name(),
            trigger=trigger.type,
            binding=trigger.get_dict_repr(),
            call=function.get_user_function(),
            timeout=timeout,
        )
        for function in _functions(app)
        if (trigger := function.get_trigger()) is not None and trigger.type != "httpTrigger"
    ]


@functools.lru_cache(maxsize=1)
def _functions(app: func.FunctionApp) -> tuple[Any, ...]:
    # The library refuses a second call for the same app.
    return tuple(app.get_functions())
