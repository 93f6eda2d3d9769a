"""What answers come to: never lost to a failing store, never counted twice, never in an answer's way."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from shared.domain import Answer, DailyUsage, Spent, Usage
from shared.errors import BackendUnavailable
from shared.query.ledger import Ledger, day_of
from shared.query.spending import spent_on
from shared.telemetry.metrics import Metrics

PRICES = {"gpt": (2.5, 10.0)}


def answer(prompt: int = 100, completion: int = 10, **changes: Any) -> Answer:
    told: dict[str, Any] = {
        "text": "yes [1]",
        "citations": (),
        "conversation_id": "c",
        "model": "gpt",
        "index": "i",
        "usage": Usage(prompt_tokens=prompt, completion_tokens=completion),
        "timings": (),
        "cache": "miss",
    }
    return Answer(**told | changes)


@pytest.mark.parametrize(
    ("given", "spent"),
    [
        (answer(), Spent(questions=1, prompt_tokens=100, completion_tokens=10, cost=350)),
        (answer(1, 0), Spent(questions=1, prompt_tokens=1, cost=2)),
        (answer(model="local"), Spent(questions=1, prompt_tokens=100, completion_tokens=10)),
        (
            answer(0, 0, saved=Usage(prompt_tokens=7, completion_tokens=4)),
            Spent(questions=1, saved_tokens=11),
        ),
    ],
)
def test_an_answer_costs_what_its_model_does_unless_it_was_there_already(given: Answer, spent: Spent) -> None:
    assert spent_on(given, PRICES) == spent


class Store:
    """Takes `takes` rows of a batch and fails then; waits while it is not `open`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Spent] = {}
        self.batches = 0
        self.takes: int | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def add_usage(self, usages: Sequence[DailyUsage]) -> int:
        self.batches += 1
        await self.open.wait()
        for each in usages[: self.takes]:
            key = each.user_id, each.model
            self.rows[key] = self.rows.get(key, Spent()) + each.spent
        if self.takes == 0:
            raise BackendUnavailable("the store is away")
        return len(usages[: self.takes])

    async def usage(self, user_id: str, *, first_day: str, last_day: str) -> list[DailyUsage]:
        assert first_day == last_day == day_of(0)
        return [
            DailyUsage(user_id=user_id, day=first_day, model=model, spent=spent)
            for (of_user, model), spent in self.rows.items()
            if of_user == user_id
        ]

    async def usage_by_user(self, *, first_day: str, last_day: str) -> dict[str, Spent]:
        raise NotImplementedError

    async def tokens_used(self, day: str) -> int:
        assert day == day_of(0)
        return sum(spent.tokens for spent in self.rows.values())


@pytest.fixture
async def store() -> Store:
    return Store()


def ledger(store: Store, *, every: float = 3600.0) -> Ledger:
    async def opened() -> Store:
        return store

    return Ledger(opened, prices=PRICES, metrics=Metrics(), every=every)


async def test_answers_of_a_while_are_one_write(store: Store) -> None:
    book = ledger(store)
    for user_id in ("ann", "bob", "ann"):
        book.record(user_id, answer())
    await book.close()
    assert store.batches == 1
    assert {user: spent.questions for (user, _), spent in store.rows.items()} == {"ann": 2, "bob": 1}


@pytest.mark.parametrize("takes", [0, 1])
async def test_what_a_failing_store_did_not_take_is_written_later_once(
    store: Store, takes: int, caplog: pytest.LogCaptureFixture
) -> None:
    book = ledger(store)
    for user_id in ("ann", "bob"):
        book.record(user_id, answer())
    store.takes = takes
    await book.write()
    assert await book.tokens_used() == 220
    book.record("bob", answer())
    store.takes = None
    await book.close()
    assert {user: spent.questions for (user, _), spent in store.rows.items()} == {"ann": 1, "bob": 2}
    assert ("usage_not_written" in caplog.text) == (takes == 0)


async def test_it_goes_on_writing_while_there_is_something(store: Store) -> None:
    book = ledger(store, every=0.01)
    store.takes = 0
    book.record("ann", answer())
    async with asyncio.timeout(20):
        while store.batches < 3:
            await asyncio.sleep(0.01)
        store.takes = None
        while not store.rows:
            await asyncio.sleep(0.01)
    await book.close()
    assert await book.tokens_used("ann") == 110


async def test_tokens_on_their_way_into_the_store_are_counted(store: Store) -> None:
    book = ledger(store)
    book.record("ann", answer())
    store.open.clear()
    writing = asyncio.create_task(book.write())
    async with asyncio.timeout(20):
        while not store.batches:
            await asyncio.sleep(0)
    book.record("ann", answer())
    assert await book.tokens_used("ann") == await book.tokens_used() == 220
    assert await book.tokens_used("bob") == 0
    writing.cancel()
    await asyncio.wait([writing])
    store.open.set()
    await book.close()
    assert await book.tokens_used("ann") == 220, "who stops waiting stops nothing"


async def test_accounts_that_no_store_took_are_told_at_the_end(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    book = ledger(store)
    store.takes = 0
    book.record("ann", answer())
    await book.close()
    assert "usage_lost" in caplog.text
