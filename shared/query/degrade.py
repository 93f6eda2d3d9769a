"""What is done when the language model cannot answer. Called by query.answer."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeAlias

from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Degraded, Prompt
from shared.errors import BackendTimeout, BackendUnavailable, Refused
from shared.query.flights import Reply
from shared.telemetry import traces
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

Deltas: TypeAlias = AsyncGenerator[ChatDelta, None]

# Of the time that is left, how much a rung may take to its first word, where another one could still answer.
_PATIENCE = 0.6
_LEAST = 0.1  # seconds that every rung gets in any case …
_LEAST_FOR_LAST = 0.5  # … and the last one, to quote passages that are there already
_GRACE = 0.1  # seconds for its breaker to note that a model is late, before it is told to stop


@dataclass(kw_only=True)
class Ladder:
    """The chat model first, then the smaller one, then an older answer, then the extractive model.

    The next rung is taken when one fails before anything of it was shown: `shape` holds words back until
    they are supported. After that a failure is raised, for what was shown cannot be taken back.
    """

    chat_model: ChatModel
    smaller: ChatModel | None = None
    fallback: ChatModel
    shape: Callable[[Deltas], Deltas]  # from what a model says to what is shown
    cached: Callable[[], Awaitable[Reply | None]] | None = None  # an older answer that still holds, whole
    model: str = ""  # who answers, or answered
    degraded: Degraded | None = None
    reason: str | None = None  # why it is: the first failure

    def __post_init__(self) -> None:
        self.model = self.chat_model.name

    async def stream(self, prompt: Prompt, *, timeout: float, first_token: float) -> Deltas:
        """Both times in seconds from now: to the end, and to the first word that a model says.

        Errors: `BackendUnavailable`, `BackendTimeout` in mid-answer, or if the last rung fails.
        """
        started = time.monotonic()
        until, word_until = started + timeout, started + min(first_token, timeout)
        for model, degraded in self._models():
            is_last = model is self.fallback
            if is_last and (older := await self._remembered(_share(word_until))):
                self.model, self.degraded = older.model, "cached"
                yield ChatDelta(text=older.text)
                return
            self.model, self.degraded = model.name, degraded
            left = max(_LEAST_FOR_LAST if is_last else _LEAST, until - time.monotonic())
            patience = None if is_last else _share(word_until)
            asked = replace(prompt, patience=patience)
            is_shown = False
            try:
                async with aclosing(self._said(model, asked, timeout=left)) as said:
                    async for delta in said:
                        is_shown = is_shown or bool(delta.text)
                        yield delta
            except BackendUnavailable as error:
                if is_shown or is_last:
                    raise
                event(log, "chat_model_failed", level=logging.WARNING, model=model.name, reason=str(error))
                self.reason = self.reason or _why(error)
            else:
                return

    async def _said(self, model: ChatModel, asked: Prompt, *, timeout: float) -> Deltas:
        patience = asked.patience and asked.patience + _GRACE
        with traces.model_call("chat", model.name, is_current=False) as span:
            span.set({"gen_ai.request.max_tokens": asked.max_tokens})
            async with (
                aclosing(_spoken(model.stream(asked, timeout=timeout), patience=patience)) as said,
                aclosing(self.shape(said)) as shaped,
            ):
                async for delta in shaped:
                    if delta.usage is not None:
                        span.set(
                            {
                                "gen_ai.usage.input_tokens": delta.usage.prompt_tokens,
                                "gen_ai.usage.output_tokens": delta.usage.completion_tokens,
                            }
                        )
                    yield delta

    def _models(self) -> list[tuple[ChatModel, Degraded | None]]:
        models: list[tuple[ChatModel, Degraded | None]] = [(self.chat_model, None)]
        if self.smaller is not None:
            models.append((self.smaller, "smaller_model"))
        if self.chat_model is not self.fallback:
            models.append((self.fallback, "extractive"))
        return models

    async def _remembered(self, patience: float) -> Reply | None:
        """Nothing where the models have not failed, or where it cannot be looked up in time."""
        if self.cached is None or self.chat_model is self.fallback:
            return None
        try:
            async with asyncio.timeout(patience):
                return await self.cached()
        except (TimeoutError, BackendUnavailable) as error:
            event(log, "older_answer_out_of_reach", level=logging.WARNING, reason=str(error))
            return None


async def _spoken(deltas: Deltas, *, patience: float | None) -> Deltas:
    """The same, whose first word comes within so many seconds.

    Errors: `BackendTimeout` if it does not, `BackendUnavailable` for an answer without a word.
    """
    async with aclosing(deltas):
        try:
            async with asyncio.timeout(patience):
                beginning = await _to_first_word(deltas)
        except TimeoutError as error:
            raise BackendTimeout("the language model said not a word in time") from error
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
    raise BackendUnavailable("the language model ended without a word")


def _share(until: float) -> float:
    return max(_LEAST, (until - time.monotonic()) * _PATIENCE)


def _why(error: BackendUnavailable) -> str:
    """For the asker."""
    if isinstance(error, Refused):
        return str(error)
    return "the language model is " + ("too slow" if isinstance(error, BackendTimeout) else "unavailable")
