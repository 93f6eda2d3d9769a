"""Our queue messages as `azure.functions` hands them to a function. Used by the host."""

from datetime import UTC, datetime

from azure.functions import queue

from shared.domain import QueueMessage


def to_queue_message(message: QueueMessage) -> queue.QueueMessage:
    return queue.QueueMessage(  # type: ignore[no-untyped-call]
        id=message.id,
        body=message.body,
        dequeue_count=message.dequeue_count,
        insertion_time=datetime.fromtimestamp(message.inserted_at, UTC),
        pop_receipt=message.receipt,
    )
