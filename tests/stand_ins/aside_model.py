"""A model that is asked beside the answer."""

import asyncio
from typing import Any

from shared.domain import ChatDelta


class AsideModel:
    """Waits, says `text` letter by letter, then raises `error` if there is one; keeps what it was asked."""

    name = "aside"

    def __init__(self, text: str = "", *, error: Exception | None = None, delay: float = 0.0) -> None:
        self._text, self._error, self._delay = text, error, delay
        self.prompts: list[Any] = []
        self.timeouts: list[float] = []
        self.is_running = False

    async def stream(self, prompt, *, timeout):
        self.prompts.append(prompt)
        self.timeouts.append(timeout)
        self.is_running = True
        try:
            await asyncio.sleep(self._delay)
            for letter in self._text:
                yield ChatDelta(text=letter)
            if self._error:
                raise self._error
        finally:
            self.is_running = False

    async def close(self) -> None:
        pass
