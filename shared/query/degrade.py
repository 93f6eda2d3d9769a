"""What is done when the language model cannot answer. Called by query.answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Degraded, Prompt
from shared.errors import BackendTimeout, BackendUnavailable


@dataclass(kw_only=True)
class Ladder:
    """The chat model first, the extractive one when it fails before its first word.

    After the first word a failure is raised: what was shown cannot be taken back.
    """

    chat_model: ChatModel
    fallback: ChatModel
    degraded: Degraded | None = None
    reason: str | None = None

    @property
    def model(self) -> str:
        """Who answers, or answered."""
        return (self.fallback if self.degraded else self.chat_model).name

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        """Errors: `BackendUnavailable`, `BackendTimeout` in mid-answer."""
        has_begun = False
        try:
            async with aclosing(self.chat_model.stream(prompt, timeout=timeout)) as deltas:
                async for delta in deltas:
                    has_begun = has_begun or bool(delta.text)
                    yield delta
        except BackendUnavailable as error:
            if has_begun or self.chat_model is self.fallback:
                raise
            slow = isinstance(error, BackendTimeout)
            self.degraded = "extractive"
            self.reason = "the language model is too slow" if slow else "the language model is unavailable"
        if self.degraded:
            async with aclosing(self.fallback.stream(prompt, timeout=timeout)) as deltas:
                async for delta in deltas:
                    yield delta
