"""One MongoDB database: its client, indexes and errors. Used by the parts of `MongoMetadataStore`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import pymongo
from bson.errors import InvalidStringData
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.uri_parser import split_options

from shared.breaker import Breaker
from shared.errors import BackendTimeout, BackendUnavailable, ConfigError, InvalidRequest, Refused

if TYPE_CHECKING:  # it writes by `mongo_writes`, which knows this module
    from shared.metadata_stores.mongo_format import FormatRecord

Row: TypeAlias = dict[str, Any]
Indexes: TypeAlias = Mapping[str, Sequence[IndexModel]]  # by collection

_REACHABLE_WITHIN_MS = 5_000
_REFUSED_RETRY_AFTER = 60.0  # seconds; somebody has to change a password or a role first
_UNAUTHORIZED, _AUTHENTICATION_FAILED, _ATLAS_REFUSES = 13, 18, 8000
_INDEX_CONFLICTS = frozenset({85, 86})  # the same name or fields with other options
_THROTTLED = 16500  # Cosmos DB's "request rate is large"


class MongoDatabase:
    """`timeout` is in seconds and for everything inside one `calling`. Errors: `ConfigError`.

    With a breaker, calls fail at once while the server does. Retries are once per call, and none of ours
    for reads: those are the driver's (`retryReads`).
    """

    def __init__(
        self,
        *,
        uri: str,
        database: str,
        indexes: Indexes,
        record: "FormatRecord",
        timeout: float,
        breaker: Breaker | None = None,
    ) -> None:
        self._breaker = breaker
        self._indexes = indexes
        self._record = record
        self._timeout = timeout
        self._is_prepared = False
        self._preparing = asyncio.Lock()
        self._is_closed = False
        try:
            if options := uri.partition("?")[2]:
                # The client itself only warns of a wrong one, and a misspelt `tls=true` would go in plain.
                split_options(options, warn=False)
            # What stands here outweighs the connection string: the promises of the store rest on it.
            # Retries are ours (`mongo_writes`), because not every service behind this protocol offers them.
            self._client: AsyncMongoClient[Row] = AsyncMongoClient(
                uri,
                appname="rag-functions",
                w="majority",
                readPreference="primary",
                retryWrites=False,
                serverSelectionTimeoutMS=_REACHABLE_WITHIN_MS,
                connectTimeoutMS=_REACHABLE_WITHIN_MS,
            )
            self._database = self._client[database]
        except (PyMongoError, ValueError, TypeError):
            # Not `from error`: the driver's words may quote a part of the password.
            raise ConfigError(
                "MONGODB_URI is not a connection string (mongodb://… or mongodb+srv://…) with known options; "
                "a password in it must be percent-encoded"
            ) from None

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[AsyncDatabase[Row]]:
        """Around every use of the database; the first one creates the indexes.

        Errors: `BackendUnavailable`, `BackendTimeout`, `ConfigError` where the right to create an index
        that is missing is missing too, `InvalidRequest` for text that is not valid Unicode or too long.
        """
        if self._is_closed:
            raise BackendUnavailable("the connection to MongoDB is closed")
        breaker = nullcontext() if self._breaker is None else self._breaker.attempt(given=self._timeout)
        with breaker:
            async with self._reaching():
                yield self._database

    async def close(self) -> None:
        self._is_closed = True
        await self._client.close()

    @asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        try:
            with pymongo.timeout(self._timeout):
                await self._prepare()
                yield
        except (UnicodeEncodeError, InvalidStringData) as error:
            raise InvalidRequest("the text holds characters that are not valid Unicode") from error
        except DocumentTooLarge as error:
            raise InvalidRequest("too large to be stored") from error
        except PyMongoError as error:
            raise _translated(error, self._timeout) from error

    async def _prepare(self) -> None:
        if self._is_prepared:
            return
        async with self._preparing:
            if not self._is_prepared:
                await self._record.agree(self._database)
                for name, models in self._indexes.items():
                    await _ensure(self._database[name], models)
                self._is_prepared = True


async def _ensure(collection: AsyncCollection[Row], models: Sequence[IndexModel]) -> None:
    try:
        await collection.create_indexes(list(models))
    except OperationFailure as error:
        if error.code in _INDEX_CONFLICTS:
            raise ConfigError(
                f"an index of the collection {collection.full_name} has our fields but other options; "
                "drop it, or name another database by MONGODB_DATABASE"
            ) from error
        if error.code not in (_UNAUTHORIZED, _ATLAS_REFUSES):
            raise
        if not await _exist(collection, models):
            raise ConfigError(
                f"the user of MONGODB_URI may not create the indexes of {collection.full_name}; give it the "
                f"role readWrite on the database {collection.database.name}"
            ) from error


async def _exist(collection: AsyncCollection[Row], models: Sequence[IndexModel]) -> bool:
    """Whether somebody with more rights has created them already, under whatever name."""
    try:
        known = (await collection.index_information()).values()
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            return False
        raise
    there = {(tuple(index["key"]), index.get("unique", False)) for index in known}
    needed = {(tuple(model.document["key"].items()), model.document.get("unique", False)) for model in models}
    return needed <= there


def _translated(error: PyMongoError, timeout: float) -> BackendUnavailable:
    if isinstance(error, OperationFailure):
        if error.code in (_AUTHENTICATION_FAILED, _ATLAS_REFUSES):
            return BackendUnavailable(
                "MongoDB refuses the user or the password; check MONGODB_URI",
                retry_after=_REFUSED_RETRY_AFTER,
            )
        if error.code == _UNAUTHORIZED:
            return BackendUnavailable(
                "MongoDB denies access; give the user of MONGODB_URI the role readWrite",
                retry_after=_REFUSED_RETRY_AFTER,
            )
        if error.code == _THROTTLED:
            return BackendUnavailable("MongoDB is busy (throttled)")
        if not error.timeout:
            return Refused(f"MongoDB refused a command (code {error.code})")
    if error.timeout and not isinstance(error, ServerSelectionTimeoutError):
        return BackendTimeout(f"MongoDB took longer than {timeout:g} s")
    return BackendUnavailable("MongoDB is out of reach; check MONGODB_URI and the server's firewall")
