"""The blob trigger: changes become durable messages, messages become invocations, deletions are announced."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from host.blob_trigger import BLOB_QUEUE, BlobTrigger
from host.functions import read_functions


@pytest.fixture
def trigger(small_app: Any) -> BlobTrigger:
    services = small_app.runtime.opened
    function = next(f for f in read_functions(small_app.app, timeout=5) if f.name == "on_blob")
    return BlobTrigger(
        function,
        services.blobs,
        services.queue,
        announce_deleted=lambda name: small_app.announce(name, deleted=True),
        ring=lambda: None,
        watching=asyncio.Event(),
        stopping=asyncio.Event(),
    )


@asynccontextmanager
async def watching(trigger: BlobTrigger) -> AsyncIterator[None]:
    task = asyncio.create_task(trigger.run())
    yield
    task.cancel()
    await asyncio.wait({task})


async def test_a_changed_blob_becomes_a_message(small_app: Any, trigger: Any, eventually: Any) -> None:
    services = small_app.runtime.opened
    services.blobs.sizes["shared/a b.md"] = 7
    async with watching(trigger):
        services.blobs.rounds.put_nowait({"shared/a b.md"})
        await eventually(lambda: services.queue.bodies(BLOB_QUEUE))
    (body,) = services.queue.bodies(BLOB_QUEUE)
    assert json.loads(body)["BlobName"] == "shared/a b.md"
    assert small_app.announced == []


async def test_a_deleted_blob_is_announced_and_fires_nothing(
    small_app: Any, trigger: Any, eventually: Any
) -> None:
    services = small_app.runtime.opened
    async with watching(trigger):
        services.blobs.rounds.put_nowait({"shared/gone.md"})
        await eventually(lambda: small_app.announced)
    assert small_app.announced == [("shared/gone.md", True)]
    assert services.queue.bodies(BLOB_QUEUE) == []


async def test_the_function_gets_name_and_size_and_no_content(small_app: Any, trigger: Any) -> None:
    queue, blobs = small_app.runtime.opened.queue, small_app.runtime.opened.blobs
    blobs.sizes["shared/a b.md"] = 7
    await queue.send(BLOB_QUEUE, json.dumps({"BlobName": "shared/a b.md"}))
    (message,) = await queue.receive(BLOB_QUEUE, limit=1, visibility=5)
    await trigger.invoke(message)
    (blob,) = small_app.fired("on_blob")
    assert (blob.name, blob.length, blob.uri, blob.read()) == (
        "uploads/shared/a b.md",
        7,
        "uploads/shared/a%20b.md",
        b"",
    )


async def test_a_blob_that_went_meanwhile_fires_nothing(small_app: Any, trigger: Any) -> None:
    queue = small_app.runtime.opened.queue
    await queue.send(BLOB_QUEUE, json.dumps({"BlobName": "shared/gone.md"}))
    (message,) = await queue.receive(BLOB_QUEUE, limit=1, visibility=5)
    await trigger.invoke(message)
    assert small_app.fired("on_blob") == []
