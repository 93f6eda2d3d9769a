"""The `ChatModel` protocol, and patience with what keeps to it. Called by query."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from shared.domain import ChatDelta, Prompt
from shared.errors import BackendTimeout, BackendUnavailable


class ChatModel(Protocol):
    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        """The answer in pieces, citing passages as `[1]`; `timeout` in seconds for the whole of it.

        An answer that the passages do not carry is the text of `shared.query.prompt.DONT_KNOW`.
        Closing the iterator cancels the work. Errors: `BackendUnavailable`, `BackendTimeout`.
        """

    async def close(self) -> None: ...


async def spoken(
    deltas: AsyncGenerator[ChatDelta, None], *, patience: float | None
) -> AsyncGenerator[ChatDelta, None]:
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


async def _to_first_word(deltas: AsyncGenerator[ChatDelta, None]) -> list[ChatDelta]:
    beginning: list[ChatDelta] = []
    async for delta in deltas:
        beginning.append(delta)
        if delta.text.strip():
            return beginning
    raise BackendUnavailable("the language model ended without a word")
