"""`BudgetedEmbedder`: all workers together keep to the rate of one embedding deployment.

Built by compose around the embedder of a deployment with a quota. Ingestion takes turns on a time line that
every process shares; questions never wait, but what they use is taken off ingestion's time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from shared.caches.base import Cache
from shared.domain import Embedding
from shared.embedders.base import Embedder
from shared.embedders.time_line import TimeLine
from shared.errors import Throttled

T = TypeVar("T")

INGESTION_SHARE = 0.9  # of the rate; the rest is there when a question comes
# A portion is one request to the deployment, and small beside its minute.
_PORTION_TEXTS = 64
_PORTION_TOKENS = 8_000
_PORTIONS_PER_MINUTE = 20
_LONGEST_TEXT = 8_191  # characters; what the models take of a text at most, in tokens
_MOST_CHARGED = 10.0  # seconds; a rush of questions holds ingestion up no longer than this after it ends
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 60.0  # seconds; whatever a refusal says
# Where the rate is not known, requests keep a distance: a refusal doubles it, each success shortens it.
_FIRST_DISTANCE, _LONGEST_DISTANCE = 0.5, 30.0  # seconds
_SHORTENED = 0.9


class BudgetedEmbedder:
    """`name` is the deployment's, among all that share the cache. The cache stays its owner's to close.

    `tokens_per_minute` and `requests_per_minute` are the deployment's quota; 0 where unknown, and then
    only its refusals slow ingestion down. A refused portion is asked for again, after a pause that all
    processes keep, for `patience` seconds at most.
    Errors, besides those of the embedder: `Throttled` when patience ends.
    """

    def __init__(
        self,
        embedder: Embedder,
        cache: Cache,
        *,
        name: str,
        tokens_per_minute: int,
        requests_per_minute: int,
        count_tokens: Callable[[str], int],
        patience: float = 600.0,
    ) -> None:
        self._embedder = embedder
        self._line = TimeLine(cache, f"embedding-turns:{name}")
        self._tokens_per_minute = tokens_per_minute
        self._requests_per_minute = requests_per_minute
        self._count_tokens = count_tokens
        self._patience = patience
        self._distance = 0.0  # seconds between requests, learnt
        self._has_worked = True  # since it was doubled: one storm of refusals is one lesson
        self._charges: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        if urgent:
            self._charge(texts)
            return await self._heeded(self._embedder.embed_passages(texts, urgent=True))
        embeddings: list[Embedding] = []
        for portion, tokens in self._portions(texts):
            embeddings += await self._embed(portion, tokens)
        return embeddings

    async def embed_query(self, text: str) -> Embedding:
        self._charge([text])
        return await self._heeded(self._embedder.embed_query(text))

    async def close(self) -> None:
        await asyncio.gather(*self._charges)
        await self._embedder.close()

    async def _embed(self, texts: list[str], tokens: int) -> list[Embedding]:
        give_up_at: float | None = None
        while True:
            await self._line.wait_turn(max(self._seconds(tokens) / INGESTION_SHARE, self._distance))
            try:
                embeddings = await self._heeded(self._embedder.embed_passages(texts))
            except Throttled:
                give_up_at = give_up_at or time.monotonic() + self._patience
                if time.monotonic() >= give_up_at:
                    raise
            else:
                self._distance *= _SHORTENED
                self._has_worked = True
                return embeddings

    async def _heeded(self, request: Awaitable[T]) -> T:
        """A refusal of one is a pause for all."""
        try:
            return await request
        except Throttled as error:
            pause = min(max(error.retry_after, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            is_known = self._tokens_per_minute or self._requests_per_minute
            if self._has_worked and not is_known:
                self._distance = min(max(2 * self._distance, _FIRST_DISTANCE), _LONGEST_DISTANCE)
                self._has_worked = False
            await self._line.postpone(pause)
            raise

    def _charge(self, texts: Sequence[str]) -> None:
        """Beside the request, not before it: somebody waits for the answer."""
        charge = asyncio.create_task(self._take(texts))
        self._charges.add(charge)
        charge.add_done_callback(self._charges.discard)

    async def _take(self, texts: Sequence[str]) -> None:
        await self._line.take(self._seconds(sum(map(self._tokens, texts))), most=_MOST_CHARGED)

    def _portions(self, texts: Sequence[str]) -> Iterator[tuple[list[str], int]]:
        """The texts in order, in portions with their tokens."""
        rate = self._tokens_per_minute
        room = min(_PORTION_TOKENS, rate // _PORTIONS_PER_MINUTE) if rate else _PORTION_TOKENS
        portion: list[str] = []
        tokens = 0
        for text in texts:
            more = self._tokens(text)
            if portion and (tokens + more > room or len(portion) == _PORTION_TEXTS):
                yield portion, tokens
                portion, tokens = [], 0
            portion.append(text)
            tokens += more
        if portion:
            yield portion, tokens

    def _tokens(self, text: str) -> int:
        return self._count_tokens(text[:_LONGEST_TEXT])

    def _seconds(self, tokens: int) -> float:
        """Of the deployment's time that a request with so many tokens takes up."""
        by_tokens = 60 * tokens / self._tokens_per_minute if self._tokens_per_minute else 0.0
        by_requests = 60 / self._requests_per_minute if self._requests_per_minute else 0.0
        return max(by_tokens, by_requests)
