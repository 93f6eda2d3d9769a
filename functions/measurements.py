"""What `GET /api/metrics` looks up in the stores. Called by functions/operations.py.

Anybody may ask for the metrics, as often as they like, and counting documents takes longer the more there
are: so everybody who asks at the same time is told of one look, which is not repeated too soon.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from functions.dependencies import Runtime
from functions.summary import look_at, pace
from shared.domain import IndexState
from shared.errors import RagError
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.query.ledger import day_of
from shared.services import Services
from shared.telemetry.logs import event
from shared.telemetry.store_gauges import Look, StoreGauges

log = logging.getLogger(__name__)

_QUEUES = (INGEST_QUEUE, POISON_QUEUE, FILL_QUEUE, FILL_POISON_QUEUE)
_FILLED = (IndexState.LIVE, IndexState.BUILDING, IndexState.STANDBY)
_PATIENCE = 2.0  # seconds for each part of a look


class Measurements:
    """A look stands for `least` seconds, and `times` as long as it took: it costs a twentieth of a core."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        least: float = 1.0,
        times: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._least = least
        self._times = times
        self._clock = clock
        self._runtime = runtime
        self._looking: asyncio.Task[None] | None = None
        self._stands_until = float("-inf")

    async def refresh(self) -> None:
        """Bring the gauges up to date. A store that fails costs its own gauges and nothing else."""
        if self._looking is None or self._looking.done():
            if self._clock() < self._stands_until:
                return
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)  # who stops waiting takes it from nobody

    async def _look(self) -> None:
        began = self._clock()
        gauges = self._runtime.metrics.stores
        parts: dict[Look, Awaitable[None]] = {
            "documents": self._documents(gauges),
            "spending": self._spending(gauges),
            "queues": self._queues(gauges),
            "indexes": self._indexes(gauges),
        }
        await asyncio.gather(*(_bounded(look, part, gauges) for look, part in parts.items()))
        now = self._clock()
        self._stands_until = now + max(self._least, self._times * (now - began))

    async def _services(self) -> Services:
        return await self._runtime.services()

    async def _documents(self, gauges: StoreGauges) -> None:
        metadata = (await self._services()).metadata
        counts = await metadata.count_documents()
        gauges.documents_counted(
            {status.value: count for status, count in counts.items()}, parked=await metadata.count_parked()
        )
        gauges.pace_measured(**asdict(await pace(counts, metadata)))

    async def _spending(self, gauges: StoreGauges) -> None:
        today = day_of(0)
        spent = await (await self._services()).metadata.usage_by_user(first_day=today, last_day=today)
        gauges.spending_measured([each.cost for each in spent.values()])

    async def _queues(self, gauges: StoreGauges) -> None:
        queue = (await self._services()).queue
        looks = await asyncio.gather(*(look_at(queue, name) for name in _QUEUES))
        for name, look in zip(_QUEUES, looks, strict=True):
            gauges.queue_measured(name, **asdict(look))

    async def _indexes(self, gauges: StoreGauges) -> None:
        services = await self._services()
        filled = [each for each in await services.shelf.versions() if each.is_filled]
        held = [(each.state.value, (await services.metadata.count_held(each.name))[1]) for each in filled]
        gauges.indexes_counted(held, states=[state.value for state in _FILLED])


async def _bounded(look: Look, part: Awaitable[None], gauges: StoreGauges) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await part
    except (TimeoutError, RagError) as error:
        gauges.forget(look)
        event(log, "not_measured", level=logging.WARNING, look=look, reason=type(error).__name__)
