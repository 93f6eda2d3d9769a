"""The blob trigger: changes of the container become durable messages, and those become invocations.

As in the Functions host, the messages travel through an internal queue, with the attempts and the poison
queue of any other. Deletions, which no blob trigger sees, are announced as storage events. Built by the host.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from azure.functions.blob import InputStream

from host.contract import WatchedBlobs
from host.functions import Function
from host.loops import until
from shared.domain import QueueMessage
from shared.event_queues.base import EventQueue

BLOB_QUEUE = "azure-webjobs-blobtrigger"
BLOB_POISON_QUEUE = "webjobs-blobtrigger-poison"


class BlobTrigger:
    """`announce_deleted` puts the event of a deletion on its way; `ring` wakes who reads `BLOB_QUEUE`.

    `watching` is set with the first round, from which on no change is overlooked.
    """

    def __init__(
        self,
        function: Function,
        blobs: WatchedBlobs,
        queue: EventQueue,
        *,
        announce_deleted: Callable[[str], Awaitable[None]],
        ring: Callable[[], None],
        watching: asyncio.Event,
        stopping: asyncio.Event,
    ) -> None:
        self._function = function
        self._container = str(function.binding["path"]).partition("/")[0]
        self._blobs = blobs
        self._queue = queue
        self._announce_deleted = announce_deleted
        self._ring = ring
        self._watching = watching
        self._stopping = stopping

    async def run(self) -> None:
        """Watch until the host stops. What a crash overlooks, the reconciler's timer finds."""
        await until(self._stopping, self._watch())

    async def invoke(self, message: QueueMessage) -> None:
        """Call the function with the blob that a message of `BLOB_QUEUE` names, unless it is gone."""
        name = str(json.loads(message.body)["BlobName"])
        blob = await self._blobs.head(name)
        if blob is None:
            return
        path = f"{self._container}/{name}"
        stream = InputStream(data=b"", name=path, uri=quote(path), length=blob.size)
        await self._function.invoke(stream, attempt=message.dequeue_count)

    async def _watch(self) -> None:
        async for names in self._blobs.changes():
            self._watching.set()
            for name in sorted(names):
                await self._forward(name)
            self._ring()
        raise RuntimeError("the container tells no more changes")  # the loop starts again

    async def _forward(self, name: str) -> None:
        blob = await self._blobs.head(name)
        if blob is None:
            await self._announce_deleted(name)
            return
        fields = {
            "Type": "BlobTrigger",
            "FunctionId": self._function.name,
            "BlobType": "BlockBlob",
            "ContainerName": self._container,
            "BlobName": name,
            "ETag": blob.etag,
        }
        await self._queue.send(BLOB_QUEUE, json.dumps(fields))
