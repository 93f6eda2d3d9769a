"""What Event Grid does for a storage account: its blobs' changes become messages on the ingest queue.

It watches Azurite by listing, since Azurite tells nothing: of two changes between two looks it sees the last.
The messages are those of a storage queue as the destination: Event Grid's schema, one event each, in base64.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from uuid import uuid4

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

_TOPIC = "/subscriptions/0/resourceGroups/test/providers/Microsoft.Storage/storageAccounts/devstoreaccount1"


class EventGrid:
    """`with EventGrid(connection_string): …` announces what changes from then on, until its end.

    What goes wrong in between is raised at the end.
    """

    def __init__(
        self,
        connection_string: str,
        *,
        container: str = "uploads",
        queue: str = "ingest-events",
        every: float = 0.2,  # seconds between two looks
    ) -> None:
        self._blobs = ContainerClient.from_connection_string(connection_string, container)
        self._queue = QueueClient.from_connection_string(connection_string, queue)
        self._every = every
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._known: Mapping[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="event grid", daemon=True)

    def __enter__(self) -> "EventGrid":
        if not self._blobs.exists():
            self._blobs.create_container()
        try:
            self._queue.get_queue_properties()
        except ResourceNotFoundError:
            self._queue.create_queue()
        self._known = self._etags()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._blobs.close()
        self._queue.close()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._every):
                self._announce(self._etags())
        except Exception as error:  # noqa: BLE001 - told to the test, which runs in another thread
            self._failure = error

    def _announce(self, found: Mapping[str, str]) -> None:
        for name, etag in found.items():
            if self._known.get(name) != etag:
                self._send("BlobCreated", name, etag)
        for name in self._known.keys() - found.keys():
            self._send("BlobDeleted", name, self._known[name])
        self._known = found

    def _etags(self) -> Mapping[str, str]:
        return {blob.name: blob.etag for blob in self._blobs.list_blobs()}

    def _send(self, kind: str, name: str, etag: str) -> None:
        event = {
            "topic": _TOPIC,
            "subject": f"/blobServices/default/containers/{self._blobs.container_name}/blobs/{name}",
            "eventType": f"Microsoft.Storage.{kind}",
            "id": str(uuid4()),
            "data": {"eTag": etag, "blobType": "BlockBlob", "url": self._blobs.get_blob_client(name).url},
            "dataVersion": "",
            "metadataVersion": "1",
            "eventTime": datetime.now(UTC).isoformat(),
        }
        self._queue.send_message(b64encode(json.dumps(event).encode()).decode())
