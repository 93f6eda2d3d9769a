"""Inserts that the server breaks a deadlock by: sent again, some times."""

from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError, WriteError

from shared.metadata_stores.mongo_writes import insert

DEADLOCK = WriteError("deadlock detected", 8, {"code": 8, "errmsg": "deadlock detected"})


class Collection:
    """Fails with each of the errors in turn, then works."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.inserted: list[dict[str, Any]] = []

    async def insert_one(self, row: dict[str, Any]) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.inserted.append(row)


async def test_an_insert_that_lost_a_deadlock_is_sent_again() -> None:
    collection: Any = Collection(DEADLOCK, DEADLOCK)
    assert await insert(collection, {"_id": "a"})
    assert [row["_id"] for row in collection.inserted] == ["a"]


async def test_after_a_deadlock_its_value_may_be_taken() -> None:
    collection: Any = Collection(DEADLOCK, DuplicateKeyError("taken"))
    assert not await insert(collection, {"_id": "a"})


@pytest.mark.parametrize("errors", [[DEADLOCK] * 5, [WriteError("too long", 8)]], ids=["five", "another"])
async def test_what_does_not_pass_is_raised(errors: list[Exception]) -> None:
    collection: Any = Collection(*errors)
    with pytest.raises(WriteError):
        await insert(collection, {"_id": "a"})
    assert collection.inserted == []
