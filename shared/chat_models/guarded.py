"""`GuardedChatModel`: a chat model elsewhere, behind a breaker. Built by compose."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from shared.breaker import Guard
from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Prompt
from shared.errors import BackendUnavailable


class GuardedChatModel:
    """Asked once more when it failed before its first word. `retries`: False where its own package does that.

    A model without a word within the prompt's patience counts as failed; who asks decides when to leave.
    """

    def __init__(self, model: ChatModel, guard: Guard, *, retries: bool = True) -> None:
        self._model = model
        self._guard = guard
        self._retries = retries

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        now = time.monotonic()
        ends = now + timeout
        word_by = ends if prompt.patience is None else min(ends, now + prompt.patience)
        self._guard.budget.earn()
        has_begun = False
        try:
            async with aclosing(self._said(prompt, ends, word_by)) as deltas:
                async for delta in deltas:
                    has_begun = True
                    yield delta
        except BackendUnavailable as error:
            if has_begun or not self._retries:
                raise
            if not await self._guard.waited(error, left=word_by - time.monotonic()):
                raise
        else:
            return
        async with aclosing(self._said(prompt, ends, word_by)) as deltas:
            async for delta in deltas:
                yield delta

    async def close(self) -> None:
        await self._model.close()

    async def _said(self, prompt: Prompt, ends: float, word_by: float) -> AsyncGenerator[ChatDelta, None]:
        now = time.monotonic()
        with self._guard.breaker.attempt(given=word_by - now) as attempt:
            late = asyncio.get_running_loop().call_later(word_by - now, attempt.is_late)
            try:
                async with aclosing(self._model.stream(prompt, timeout=ends - now)) as deltas:
                    async for delta in deltas:
                        if delta.text:
                            late.cancel()
                            attempt.lives()
                        yield delta
            finally:
                late.cancel()
