"""The `ChatModel` protocol. Called by query."""

from collections.abc import AsyncGenerator
from typing import Protocol

from shared.domain import ChatDelta, Prompt


class ChatModel(Protocol):
    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        """The answer in pieces, citing passages as `[1]`; `timeout` in seconds for the whole of it.

        An answer that the passages do not carry is the text of `shared.query.prompt.DONT_KNOW`.
        Closing the iterator cancels the work. Errors: `BackendUnavailable`, `BackendTimeout`.
        """

    async def close(self) -> None: ...
