"""The stand-in for Event Grid tells of changes as the service does, so that ingestion understands it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from shared.blob_stores.azure_blob import AzureBlobStore
from shared.event_queues.base import EventQueue
from shared.ingest.events import CONTAINER, StorageEvent, decode
from tests.servers import azurite
from tests.stand_ins.event_grid import EventGrid


async def content() -> AsyncIterator[bytes]:
    yield b"x"


async def told(queue: EventQueue, container: str) -> StorageEvent:
    """The next event, as though it were of the container that ingestion listens to."""
    async with asyncio.timeout(20):
        while not (found := await queue.receive("events", limit=1, visibility=60)):
            await asyncio.sleep(0.02)
    await queue.delete("events", found[0])
    return decode(found[0].body.replace(container, CONTAINER))


async def test_what_changes_from_now_on_is_announced_once(tmp_path: Path) -> None:
    name = azurite.name_for(tmp_path)
    store = AzureBlobStore(account=azurite.account(), container=name)
    queue = azurite.IsolatedQueues(tmp_path)
    try:
        await store.put("old", content(), max_size=9)
        with EventGrid(azurite.address(), container=name, queue=f"{name}-events", every=0.05):
            for _ in range(2):
                await store.put("é 🦊", content(), max_size=9)
                assert await told(queue, name) == StorageEvent(name="é 🦊")
            await store.delete("old")
            deleted = StorageEvent(name="old", type="Microsoft.Storage.BlobDeleted")
            assert await told(queue, name) == deleted
        assert await queue.length("events") == 0
    finally:
        await store.close()
        await queue.close()
