"""An embedding deployment that refuses, as a busy one does, and notes who asked when."""

import asyncio
import time
from collections.abc import Sequence

from shared.errors import Throttled
from tests.stand_ins.hashing_embedder import HashingEmbedder


class BusyDeployment(HashingEmbedder):
    """Notes when it was asked for how much; refuses until `sound_at`, saying to wait `retry_after`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, list[str]]] = []
        self.questions: list[float] = []
        self.refused: list[float] = []
        self.sound_at = 0.0
        self.retry_after = 0.3
        self.latency = 0.0

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[list[float]]:
        (self.questions if urgent else self.asked).append((time.monotonic(), list(texts)))  # type: ignore[arg-type]
        await self._let_in()
        return await super().embed_passages(texts, urgent=urgent)

    async def embed_query(self, text: str) -> list[float]:
        await self._let_in()
        self.questions.append(time.monotonic())
        return await super().embed_query(text)

    async def _let_in(self) -> None:
        await asyncio.sleep(self.latency)
        if time.monotonic() < self.sound_at:
            self.refused.append(time.monotonic())
            raise Throttled("busy", retry_after=self.retry_after)
