"""What this process's answers came to, on its way into the store. Held by the edge's runtime.

An answer waits for no write of its own: what was spent is added up here and written once a second, and
when the process ends. So a crash loses the accounts of one second, and a failing store fails no answer.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from shared.domain import Answer, DailyUsage, Spent
from shared.errors import RagError
from shared.metadata_stores.base_usage import UsageStore
from shared.query.spending import Prices, spent_on
from shared.telemetry.logs import event
from shared.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

_Account: TypeAlias = tuple[str, str, str]  # day, user, model


def day_of(days_ago: int) -> str:
    """The day in UTC, as `DailyUsage` writes it."""
    return (datetime.now(UTC).date() - timedelta(days=days_ago)).isoformat()


class Ledger:
    """`open_store` is asked for the store at each write; `every` in seconds."""

    def __init__(
        self,
        open_store: Callable[[], Awaitable[UsageStore]],
        *,
        prices: Prices,
        metrics: Metrics,
        every: float = 1.0,
    ) -> None:
        self._open_store = open_store
        self._prices = prices
        self._metrics = metrics
        self._every = every
        self._unwritten: dict[_Account, Spent] = {}
        self._on_the_way: dict[_Account, Spent] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._writing = asyncio.Lock()

    def record(self, user_id: str, answer: Answer) -> None:
        """Once per answer, when it is whole."""
        spent = spent_on(answer, self._prices)
        self._metrics.tokens_spent(answer.model, spent)
        self._add((day_of(0), user_id, answer.model), spent)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_writing())

    async def tokens_used(self, user_id: str | None = None) -> int:
        """Today, by this user or (None) by everybody, with what this process has not written yet.

        Errors: `BackendUnavailable`.
        """
        day, store = day_of(0), await self._open_store()
        if user_id is None:
            written = await store.tokens_used(day)
        else:
            found = await store.usage(user_id, first_day=day, last_day=day)
            written = sum(each.spent.tokens for each in found)
        return written + sum(
            spent.tokens
            for (of_day, of_user, _), spent in [*self._unwritten.items(), *self._on_the_way.items()]
            if of_day == day and user_id in (None, of_user)
        )

    async def write(self) -> None:
        """What a failing store does not take is kept for the next time. Who stops waiting stops nothing."""
        await asyncio.shield(asyncio.ensure_future(self._write()))

    async def close(self) -> None:
        """Write what is left. It may be used again afterwards."""
        if self._keeping is not None:
            self._ending.set()
            await self._keeping
            self._keeping = None
            self._ending.clear()
        if self._unwritten:
            await self.write()
        if self._unwritten:
            lost = sum(spent.questions for spent in self._unwritten.values())
            event(log, "usage_lost", level=logging.ERROR, questions=lost)

    def _add(self, account: _Account, spent: Spent) -> None:
        self._unwritten[account] = self._unwritten.get(account, Spent()) + spent

    async def _keep_writing(self) -> None:
        while self._unwritten:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._every)
                return
            await self.write()

    async def _write(self) -> None:
        async with self._writing:
            batch, self._unwritten = self._unwritten, {}
            self._on_the_way = batch
            usages = [
                DailyUsage(day=day, user_id=user_id, model=model, spent=spent)
                for (day, user_id, model), spent in batch.items()
            ]
            written = 0
            try:
                written = await (await self._open_store()).add_usage(usages)
            except RagError as error:
                event(log, "usage_not_written", level=logging.WARNING, reason=str(error))
            self._on_the_way = {}
            for account, spent in list(batch.items())[written:]:
                self._add(account, spent)
