"""What is done when the language model cannot answer. Called by query.answer."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Degraded, Prompt
from shared.errors import BackendTimeout, BackendUnavailable
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

# Of the time that is left, how much a model may take to its first word, where another one could still
# answer: with three of them 60, 24 and 16 %.
_PATIENCE = 0.6
_LEAST = 0.1  # seconds that the last one gets in any case


@dataclass(kw_only=True)
class Ladder:
    """The chat model first, then the smaller one if there is one, then the extractive one.

    The next rung is taken when one fails before its first word. After that a failure is raised: what was
    shown cannot be taken back. All of them together keep to the time-out.
    """

    chat_model: ChatModel
    smaller: ChatModel | None = None
    fallback: ChatModel
    model: str = ""  # who answers, or answered
    degraded: Degraded | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        self.model = self.chat_model.name

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        """Errors: `BackendUnavailable`, `BackendTimeout` in mid-answer, or if every rung fails."""
        until = time.monotonic() + timeout
        for model, degraded in self._rungs():
            self.model, self.degraded = model.name, degraded
            left = max(_LEAST, until - time.monotonic())
            has_begun = False
            try:
                async with aclosing(model.stream(prompt, timeout=left)) as deltas:
                    patience = left if model is self.fallback else left * _PATIENCE
                    first = await _first(deltas, patience)
                    has_begun = True
                    yield first
                    async for delta in deltas:
                        yield delta
            except BackendUnavailable as error:
                if has_begun or model is self.fallback:
                    raise
                event(log, "chat_model_failed", level=logging.WARNING, model=model.name, reason=str(error))
                slow = isinstance(error, BackendTimeout)
                self.reason = "the language model is " + ("too slow" if slow else "unavailable")
            else:
                return

    def _rungs(self) -> list[tuple[ChatModel, Degraded | None]]:
        rungs: list[tuple[ChatModel, Degraded | None]] = [(self.chat_model, None)]
        if self.smaller is not None:
            rungs.append((self.smaller, "smaller_model"))
        if self.chat_model is not self.fallback:
            rungs.append((self.fallback, "extractive"))
        return rungs


async def _first(deltas: AsyncGenerator[ChatDelta, None], patience: float) -> ChatDelta:
    """Errors: `BackendUnavailable` too for an answer without a word."""
    try:
        async with asyncio.timeout(patience):
            return await anext(deltas)
    except TimeoutError as error:
        raise BackendTimeout(f"not a word came within {patience:.1f} s") from error
    except StopAsyncIteration as error:
        raise BackendUnavailable("the answer is empty") from error
