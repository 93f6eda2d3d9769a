"""What is done when the language model cannot answer. Called by query.answer."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeAlias

from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Degraded, Prompt
from shared.errors import BackendTimeout, BackendUnavailable, ContentRefused
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

Deltas: TypeAlias = AsyncGenerator[ChatDelta, None]

# Of the time that is left, how much a rung may take to its first word, where another one could still answer.
_PATIENCE = 0.6
_LEAST = 0.1  # seconds that every rung gets in any case …
_LEAST_FOR_LAST = 0.5  # … and the last one, to quote passages that are there already
_GRACE = 0.1  # seconds for a model to say itself that it is late, so that its breaker learns of it


@dataclass(kw_only=True)
class Ladder:
    """The chat model first, then the smaller one, then an older answer, then the extractive model.

    The next rung is taken when one fails before anything of it was shown: `shape` holds words back until
    they are supported. After that a failure is raised, for what was shown cannot be taken back.
    """

    chat_model: ChatModel
    smaller: ChatModel | None = None
    fallback: ChatModel
    shape: Callable[[Deltas], Deltas] = lambda deltas: deltas  # from what a model says to what is shown
    cached: Callable[[], Awaitable[ChatDelta | None]] | None = None  # an older answer that still holds, whole
    model: str = ""  # who answers, or answered
    degraded: Degraded | None = None
    reason: str | None = None  # why it is: the first failure

    def __post_init__(self) -> None:
        self.model = self.chat_model.name

    async def stream(self, prompt: Prompt, *, timeout: float, first_token: float = math.inf) -> Deltas:
        """Both times in seconds from now: to the end, and to the first word that a model says.

        Errors: `BackendUnavailable`, `BackendTimeout` in mid-answer, or if the last rung fails.
        """
        started = time.monotonic()
        until, word_until = started + timeout, started + min(first_token, timeout)
        for model, degraded in self._models():
            is_last = model is self.fallback
            if is_last and (older := await self._remembered(_share(word_until))):
                self.model, self.degraded = "cache", "cached"
                yield older
                return
            self.model, self.degraded = model.name, degraded
            left = max(_LEAST_FOR_LAST if is_last else _LEAST, until - time.monotonic())
            patience = None if is_last else _share(word_until)
            is_shown = False
            try:
                async with (
                    aclosing(_speaking(model, replace(prompt, patience=patience), left)) as said,
                    aclosing(self.shape(said)) as shaped,
                ):
                    async for delta in shaped:
                        is_shown = is_shown or bool(delta.text)
                        yield delta
            except BackendUnavailable as error:
                if is_shown or is_last:
                    raise
                event(log, "chat_model_failed", level=logging.WARNING, model=model.name, reason=str(error))
                self.reason = self.reason or _why(error)
            else:
                return

    def _models(self) -> list[tuple[ChatModel, Degraded | None]]:
        models: list[tuple[ChatModel, Degraded | None]] = [(self.chat_model, None)]
        if self.smaller is not None:
            models.append((self.smaller, "smaller_model"))
        if self.chat_model is not self.fallback:
            models.append((self.fallback, "extractive"))
        return models

    async def _remembered(self, patience: float) -> ChatDelta | None:
        """Nothing where the models have not failed, or where it cannot be looked up in time."""
        if self.cached is None or self.chat_model is self.fallback:
            return None
        try:
            async with asyncio.timeout(patience):
                return await self.cached()
        except (TimeoutError, BackendUnavailable) as error:
            event(log, "older_answer_out_of_reach", level=logging.WARNING, reason=str(error))
            return None


async def _speaking(model: ChatModel, prompt: Prompt, timeout: float) -> Deltas:
    """What the model says. Errors: `BackendUnavailable` too for an answer that is late or has no word."""
    async with aclosing(model.stream(prompt, timeout=timeout)) as deltas:
        patience = None if prompt.patience is None else prompt.patience + _GRACE
        try:
            async with asyncio.timeout(patience):
                beginning = await _to_first_word(deltas)
        except TimeoutError as error:
            raise BackendTimeout("not a word came in time") from error
        for delta in beginning:
            yield delta
        async for delta in deltas:
            yield delta


async def _to_first_word(deltas: Deltas) -> list[ChatDelta]:
    beginning: list[ChatDelta] = []
    async for delta in deltas:
        beginning.append(delta)
        if delta.text.strip():
            return beginning
    raise BackendUnavailable("the answer is empty")


def _share(until: float) -> float:
    return max(_LEAST, (until - time.monotonic()) * _PATIENCE)


def _why(error: BackendUnavailable) -> str:
    """For the asker."""
    if isinstance(error, ContentRefused):
        return "the content filter of the language model refuses this question or its passages"
    return "the language model is " + ("too slow" if isinstance(error, BackendTimeout) else "unavailable")
