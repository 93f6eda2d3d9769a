"""The implementations that the contract suites of stores, queues, caches and secrets run against.

Each entry opens one on a folder of the test's own. Opened twice on the same folder, also by another
process, it must show the same content. An implementation behind a server joins by its entry here.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from shared.blob_stores.azure_blob import AzureBlobStore
from shared.blob_stores.base import BlobStore
from shared.blob_stores.folder import FolderBlobStore
from shared.caches.base import Cache
from shared.caches.redis import RedisCache
from shared.caches.sqlite import SqliteCache
from shared.event_queues.base import EventQueue
from shared.event_queues.sqlite import SqliteEventQueue
from shared.metadata_stores.base import MetadataStore
from shared.metadata_stores.mongo import MongoMetadataStore
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.secret_stores.base import SecretStore
from shared.secret_stores.local import LocalSecrets
from tests.servers import azurite, mongo, redis
from tests.stand_ins.key_vault import open_key_vault
from tests.stand_ins.next_release import upgraded


class Plug(Protocol):
    async def close(self) -> None: ...


P = TypeVar("P", bound=Plug)
T = TypeVar("T")
Opener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[P]]


def closing(open_plug: Callable[[Path], P]) -> Opener[P]:
    @asynccontextmanager
    async def opener(folder: Path) -> AsyncIterator[P]:
        plug = open_plug(folder)
        try:
            yield plug
        finally:
            await plug.close()

    return opener


METADATA_STORES: dict[str, Opener[MetadataStore]] = {
    "sqlite": closing(lambda folder: SqliteMetadataStore(folder / "metadata.db")),
    "sqlite, after the next release": closing(lambda folder: SqliteMetadataStore(upgraded(folder))),
    "mongo": closing(
        lambda folder: MongoMetadataStore(uri=mongo.address(), database=mongo.database_for(folder))
    ),
}
BLOB_STORES: dict[str, Opener[BlobStore]] = {
    "folder": closing(lambda folder: FolderBlobStore(folder / "uploads")),
    "azure_blob": closing(
        lambda folder: AzureBlobStore(account=azurite.account(), container=azurite.name_for(folder))
    ),
}
EVENT_QUEUES: dict[str, Opener[EventQueue]] = {
    "sqlite": closing(lambda folder: SqliteEventQueue(folder / "queue.db")),
    "azure_queue": closing(azurite.IsolatedQueues),
}
CACHES: dict[str, Opener[Cache]] = {
    "sqlite": closing(lambda folder: SqliteCache(folder / "cache.db", 1_000_000)),
    "redis": closing(lambda folder: RedisCache(url=redis.address(), prefix=f"{folder}:", patience=10)),
}
SECRET_STORES: dict[str, Opener[SecretStore]] = {
    "local": closing(lambda folder: LocalSecrets(folder / "secrets", {})),
    "key_vault": open_key_vault,
}


async def in_processes(
    work: Callable[..., T], calls: Sequence[tuple[Any, ...]], *, start: str = "forkserver"
) -> list[T]:
    """`work(*call)` for each call, in a process each, all beginning at the same moment.

    They are forked off a server that has imported this module and has neither threads nor clients; `spawn`
    is for what is read from the environment when it is imported, such as certificates.
    """
    context: Any = multiprocessing.get_context(start)
    context.set_forkserver_preload([__name__])
    everyone_is_up = context.Barrier(len(calls))
    with ProcessPoolExecutor(
        len(calls), mp_context=context, initializer=_begin, initargs=(everyone_is_up, dict(os.environ))
    ) as pool:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(pool, work, *call) for call in calls))


def _begin(everyone_is_up: Barrier, environment: dict[str, str]) -> None:
    """The server that this was forked off may be older than the addresses of the tests' other servers."""
    os.environ.update(environment)
    everyone_is_up.wait(60)
