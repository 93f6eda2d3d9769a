"""Models that do as they are told, and ladders of them."""

import asyncio

from shared.domain import ChatDelta, Prompt
from shared.errors import BackendUnavailable
from shared.query.cite import grounded
from shared.query.degrade import Ladder
from shared.query.prompt import DONT_KNOW

PROMPT = Prompt(question="?", passages=(), messages=(), max_tokens=10)


class ScriptedModel:
    """Waits, says its words, then raises its error. Knows how long it was given, and how it ended."""

    def __init__(self, name: str, *words: str, error: Exception | None = None, delay: float = 0.0) -> None:
        self.name = name
        self._words, self._error, self._delay = words, error, delay
        self.timeouts: list[float] = []
        self.is_running = False
        self.is_closed = False

    async def stream(self, prompt, *, timeout):
        self.timeouts.append(timeout)
        self.is_running = True
        try:
            await asyncio.sleep(self._delay)
            for word in self._words:
                yield ChatDelta(text=word)
            if self._error:
                raise self._error
        finally:
            self.is_running = False

    async def close(self) -> None:
        self.is_closed = True


def ladder_of(**parts) -> Ladder:
    """One that shows words as they come, unless told otherwise."""
    return Ladder(**{"shape": lambda deltas: deltas, **parts})


def until_cited(deltas):
    return grounded(deltas, frozenset({1}), instead=DONT_KNOW)


async def said(ladder: Ladder, timeout: float = 1.0) -> str:
    deltas = ladder.stream(PROMPT, timeout=timeout, first_token=timeout)
    return "".join([delta.text async for delta in deltas])


def broken(name: str) -> ScriptedModel:
    return ScriptedModel(name, error=BackendUnavailable("down; check AZURE_OPENAI_ENDPOINT"))
