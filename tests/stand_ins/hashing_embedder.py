"""An embedder without a model: words hashed into 256 dimensions. Texts that share words are near."""

import hashlib
import math
from collections.abc import Sequence

DIMENSION = 256


class HashingEmbedder:
    name = "hashing"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.embedded: list[str] = []  # every passage that was ever asked for

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[list[float]]:
        self.embedded.extend(texts)
        return [_embedding(text) for text in texts]

    async def embed_query(self, text: str) -> list[float]:
        return _embedding(text)

    async def close(self) -> None:
        pass


def _embedding(text: str) -> list[float]:
    vector = [0.0] * DIMENSION
    for word in text.casefold().split() or [""]:
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % DIMENSION] += 1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]
