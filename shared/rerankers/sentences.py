"""`SentenceReranker`: a passage is as good as its best sentence. Built by compose, if a setting says so.

A passage of many sentences is embedded as their mixture, in which the one that answers drowns; here each is
compared with the question by itself. It needs no weights but the embedder's. ADR 0007 has the measurements.
"""

import asyncio
import re
from collections.abc import Sequence

from shared.domain import Embedding, Passage
from shared.embedders.base import Embedder

_DEPTH = 16  # passages
_ENDS = re.compile(r"(?<=[.!?…؟۔])\s+|(?<=[。！？])|\n+")
_SHORTEST = 80  # characters: what is shorter is read with what follows
_MOST = 8  # sentences of a passage
_RANK_WEIGHT = 0.15  # of the order that the passages came in


class SentenceReranker:
    depth = _DEPTH

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def scores(self, question: str, passages: Sequence[Passage]) -> list[float]:
        texts = [
            [f"{passage.chunk.title}\n{sentence}" for sentence in _sentences(passage.chunk.content)]
            for passage in passages
        ]
        asked, embeddings = await asyncio.gather(
            self._embedder.embed_query(question),
            self._embedder.embed_passages([text for each in texts for text in each], urgent=True),
        )
        similar = iter([_dot(asked, embedding) for embedding in embeddings])
        best = [max(next(similar) for _ in each) for each in texts]
        worst = min(best, default=0.0)
        spread = max(best, default=0.0) - worst or 1.0
        return [(each - worst) / spread + _RANK_WEIGHT / (1 + rank) for rank, each in enumerate(best)]

    async def close(self) -> None:
        """Nothing is held: the embedder belongs to whoever made it."""


def _sentences(content: str) -> list[str]:
    """Up to eight pieces of it; the last holds what is left."""
    pieces: list[str] = [""]
    for sentence in _ENDS.split(content):
        if len(pieces[-1]) < _SHORTEST or len(pieces) == _MOST:
            pieces[-1] = f"{pieces[-1]} {sentence}".strip()
        else:
            pieces.append(sentence.strip())
    return [piece for piece in pieces if piece] or [content]


def _dot(one: Embedding, other: Embedding) -> float:
    return sum(left * right for left, right in zip(one, other, strict=True))
