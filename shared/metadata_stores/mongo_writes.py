"""Single atomic writes that know themselves again. Used by the parts of `MongoMetadataStore`.

A connection may break after a write was applied and before its answer came. Each document therefore
remembers the marks of its last writes: a write that is sent again is applied once, and answered as if
nothing had happened.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError, WriteError

from shared.metadata_stores.mongo_database import Row

T = TypeVar("T")

WITHOUT_WRITES = {"writes": False}  # a projection: nobody else needs them
# Azure DocumentDB runs on PostgreSQL, which ends a deadlock of inserts into a collection with several unique
# indexes by failing one of them, unapplied.
_DEADLOCK = "deadlock detected"
_DEADLOCKS = 5  # of one insert in a row, until it is given up
_REMEMBERED = 8  # so many writes of others may come between a write and its repetition


def by_id(value: object) -> Row:
    """A filter. `$eq` takes whatever it is given as a value, never as an operator."""
    return {"_id": {"$eq": value}}


async def change(collection: AsyncCollection[Row], where: Row, update: Row) -> Row | None:
    """The document after the update; None if `where`, which names an `_id`, finds none."""
    mark = secrets.token_urlsafe(9)
    marked: dict[str, Any] = {
        **update,
        "$push": {**update.get("$push", {}), "writes": {"$each": [mark], "$slice": -_REMEMBERED}},
    }
    unless_applied = {"writes": {"$ne": mark}} | where

    async def apply() -> Row | None:
        return await collection.find_one_and_update(
            unless_applied, marked, projection=WITHOUT_WRITES, return_document=ReturnDocument.AFTER
        )

    try:
        return await apply()
    except AutoReconnect as error:
        _give_up_if_unsent(error)
    own = {"_id": where["_id"], "writes": mark}
    return await apply() or await collection.find_one(own, WITHOUT_WRITES)


async def insert(collection: AsyncCollection[Row], row: Row) -> bool:
    """False if its `_id`, or another value that is unique, is taken."""
    mark = secrets.token_urlsafe(9)
    marked = {**row, "writes": [mark]}
    try:
        return await _is_inserted(collection, marked)
    except AutoReconnect as error:
        _give_up_if_unsent(error)
    own = {**by_id(row["_id"]), "writes": mark}
    return await _is_inserted(collection, marked) or await collection.find_one(own) is not None


async def repeatable(write: Callable[[], Awaitable[T]]) -> T:
    """For writes that may be applied twice."""
    try:
        return await write()
    except AutoReconnect as error:
        _give_up_if_unsent(error)
    return await write()


async def _is_inserted(collection: AsyncCollection[Row], row: Row) -> bool:
    for _ in range(_DEADLOCKS):
        try:
            await collection.insert_one(row)
        except DuplicateKeyError:
            return False
        except WriteError as error:
            if _DEADLOCK not in str(error):
                raise
            broken = error
        else:
            return True
    raise broken


def _give_up_if_unsent(error: AutoReconnect) -> None:
    """No server was found in all the time there is: to look again would only double the wait."""
    if isinstance(error, ServerSelectionTimeoutError):
        raise error
