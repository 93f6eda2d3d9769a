"""`AzureStorageQueue`: named queues of a storage account. Built by compose.

Messages are sent as base64, which every host and every text survives, and read in base64 or plain, since
Event Grid sends the one and people the other.
"""

import math
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage as StoredMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.azure_sdk import AzureService, calling
from shared.azure_storage import CLIENT_OPTIONS, SETTING, StorageAccount, code_of
from shared.domain import QueueMessage
from shared.errors import InvalidRequest

_SERVICE = AzureService(
    name="the queue storage", setting=SETTING, key_setting=SETTING, role="Storage Queue Data Contributor"
)
_TIMEOUT = 30.0  # seconds for one request and its repetitions
_MOST_AT_ONCE = 32
_MOST_BYTES = 64 * 1024  # of a message as it is sent
_FOR_EVER = -1  # else the service drops messages after a week
_LOST = frozenset({"MessageNotFound", "PopReceiptMismatch", "QueueNotFound"})


class AzureStorageQueue:
    """A queue is made when something is sent to it; until then it counts as empty."""

    def __init__(self, *, account: StorageAccount) -> None:
        self._service = QueueServiceClient(account.queue_url, credential=account.credential, **CLIENT_OPTIONS)

    async def send(self, queue: str, body: str, *, delay: float = 0.0) -> None:
        text = b64encode(body.encode()).decode()
        if len(text) > _MOST_BYTES:
            raise InvalidRequest(f"a message has at most {_MOST_BYTES * 3 // 4} bytes")
        client = self._client(queue)
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                await _send(client, text, delay)
            except ResourceNotFoundError:
                await _create(client)
                await _send(client, text, delay)

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[QueueMessage]:
        found: list[QueueMessage] = []
        while len(found) < limit:
            wanted = min(_MOST_AT_ONCE, limit - len(found))
            batch = await self._receive(queue, wanted, visibility)
            found += batch
            if len(batch) < wanted:
                break
        return found

    async def extend(self, queue: str, message: QueueMessage, *, visibility: float) -> QueueMessage | None:
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                held = await self._client(queue).update_message(
                    message.id, message.receipt, visibility_timeout=math.ceil(visibility)
                )
            except HttpResponseError as error:
                if code_of(error) not in _LOST:
                    raise
                return None
        return replace(message, receipt=str(held.pop_receipt))

    async def delete(self, queue: str, message: QueueMessage) -> bool:
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                await self._client(queue).delete_message(message.id, message.receipt)
            except HttpResponseError as error:
                if code_of(error) not in _LOST:
                    raise
                return False
        return True

    async def length(self, queue: str) -> int:
        """Approximate, as the service counts."""
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                found = await self._client(queue).get_queue_properties()
            except ResourceNotFoundError:
                return 0
        return found.approximate_message_count or 0

    async def oldest(self, queue: str) -> float | None:
        """Of the visible ones."""
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                found = await self._client(queue).peek_messages(max_messages=1)
            except ResourceNotFoundError:
                return None
        return _seconds(found[0].inserted_on) if found else None

    async def close(self) -> None:
        await self._service.close()

    def _client(self, queue: str) -> QueueClient:
        return self._service.get_queue_client(queue)

    async def _receive(self, queue: str, wanted: int, visibility: float) -> list[QueueMessage]:
        pages = (
            self._client(queue)
            .receive_messages(
                messages_per_page=wanted,
                max_messages=wanted,
                visibility_timeout=max(1, math.ceil(visibility)),
            )
            .by_page()
        )
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                page = await anext(pages, None)
                return [] if page is None else [_to_message(message) async for message in page]
            except ResourceNotFoundError:
                return []


async def _send(client: QueueClient, text: str, delay: float) -> None:
    await client.send_message(text, visibility_timeout=math.ceil(delay), time_to_live=_FOR_EVER)


async def _create(client: QueueClient) -> None:
    try:
        await client.create_queue()
    except HttpResponseError as error:
        if error.status_code != 204:  # somebody else has just made it, which the SDK takes for an error
            raise


def _to_message(message: StoredMessage) -> QueueMessage:
    return QueueMessage(
        id=str(message.id),
        receipt=str(message.pop_receipt),
        body=_decoded(str(message.content)),
        dequeue_count=message.dequeue_count or 1,
        inserted_at=_seconds(message.inserted_on),
    )


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:  # no base64, or none of a text
        return text


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
