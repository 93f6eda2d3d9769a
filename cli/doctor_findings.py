"""What `rag doctor` finds, and how one check runs. Used by `cli.doctor` and the checks beside it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared.errors import RagError

Level: TypeAlias = Literal["ok", "warn", "FAIL"]
Said: TypeAlias = tuple[Level, str]
Check: TypeAlias = AsyncGenerator[Said, None]

TIDY_SECONDS = 3.0  # to take a probe away again, also after the check's deadline
_LOOK_EVERY = 0.1  # seconds


def ok(message: str) -> Said:
    return "ok", message


def warn(message: str) -> Said:
    """It works; what should be looked at, and what to do about it."""
    return "warn", message


def fail(message: str) -> Said:
    """What does not work, then what to do."""
    return "FAIL", message


@dataclass(frozen=True, kw_only=True)
class Finding:
    level: Level
    subject: str  # what was looked at
    message: str
    ms: float = 0.0  # since the finding before it


async def examine(subject: str, check: Check, *, seconds: float) -> list[Finding]:
    """Everything that one check says, and why it ended if it could not be finished. Never raises."""
    findings: list[Finding] = []
    since = time.monotonic()

    def add(level: Level, message: str) -> None:
        nonlocal since
        now = time.monotonic()
        findings.append(
            Finding(level=level, subject=subject, message=message, ms=round((now - since) * 1000, 1))
        )
        since = now

    try:
        async with asyncio.timeout(seconds), aclosing(check):
            async for level, message in check:
                add(level, message)
    except TimeoutError:
        add("FAIL", f"no answer within {seconds:g} s; is the address right, and may this machine reach it?")
    except RagError as error:
        add("FAIL", str(error))
    except Exception as error:  # noqa: BLE001 - a fault in one plug must not hide what the others say
        # Only its type: the text of an error that nobody has foreseen may carry a secret.
        add("FAIL", f"{type(error).__name__} that nobody has foreseen {_place(error)}; please report it")
    return findings


async def until(is_so: Callable[[], Awaitable[bool]], *, seconds: float) -> bool:
    """Look again and again; whether it came true in time."""
    end = time.monotonic() + seconds
    while not await is_so():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_LOOK_EVERY)
    return True


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"in {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
