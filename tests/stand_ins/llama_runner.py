"""A stand-in for `LlamaProcess`: a local model that says what it is told, at once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any


class ToldRunner:
    """Says `words`, or waits for ever if they are None. `too_long`: the shares it complains of first."""

    def __init__(self, words: list[str] | None, *, too_long: tuple[float, ...] = (), error: str = "") -> None:
        self.words = words
        self.requests: list[dict[str, Any]] = []
        self.running = 0
        self.most_running = 0
        self.is_closed = False
        self._too_long = list(too_long)
        self._error = error

    async def ask(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self._too_long:
                yield {"error": "the request exceeds the window", "too_long": self._too_long.pop(0)}
                return
            if self._error:
                yield {"error": self._error, "too_long": None}
                return
            if self.words is None:
                await asyncio.Event().wait()
            for word in self.words or ():
                await asyncio.sleep(0)
                yield {"text": word}
            yield {"usage": [100, 20]}
        finally:
            self.running -= 1

    async def close(self) -> None:
        self.is_closed = True
