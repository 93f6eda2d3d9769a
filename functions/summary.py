"""How ingestion is doing: what waits, how fast it goes, when it will be done. For metrics too."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter

from functions.dependencies import Caller, ServicesOf
from shared.auth.access import filter_for
from shared.domain import DocumentStatus
from shared.event_queues.base import EventQueue
from shared.ingest.events import INGEST_QUEUE
from shared.ingest.reconcile import UNFINISHED
from shared.ingest.versions import FILL_QUEUE
from shared.metadata_stores.base import DocumentStore

router = APIRouter(tags=["documents"])

_LOOK_BACK = 5  # minutes that the rate is taken over


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Of everybody's documents, as the workers serve everybody."""

    backlog: int  # documents that are queued or being worked on
    per_minute: float  # documents that were finished
    expected_seconds: float | None  # until the backlog is gone; None: nothing moves, so nobody knows


@dataclass(frozen=True, kw_only=True)
class QueueLook:
    length: int
    oldest_seconds: float


@router.get("/api/documents/summary")
async def documents_summary(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """How many documents the caller may read (an administrator: all), and when none of them waits."""
    readers = None if caller.is_administrator else filter_for(caller)
    counts = await services.metadata.count_documents(readers=readers)
    summary: dict[str, Any] = {
        "documents": {status: n for status, n in counts.items() if status is not DocumentStatus.DELETED},
        "parked": await services.metadata.count_parked(readers=readers),
        **asdict(await pace(counts, services.metadata, readers=readers)),
    }
    if caller.is_administrator:
        summary["queue"] = asdict(await look_at(services.queue, INGEST_QUEUE))
        summary["fills"] = asdict(await look_at(services.queue, FILL_QUEUE))
    return summary


async def pace(
    counts: Mapping[DocumentStatus, int], store: DocumentStore, *, readers: frozenset[str] | None = None
) -> Pace:
    """`counts`: of the documents readable by `readers` (None: of all)."""
    backlog = sum(counts[status] for status in UNFINISHED)
    per_minute = await store.count_finished(since=time.time() - _LOOK_BACK * 60, readers=readers) / _LOOK_BACK
    expected = 0.0 if backlog == 0 else backlog / per_minute * 60 if per_minute else None
    return Pace(backlog=backlog, per_minute=per_minute, expected_seconds=expected)


async def look_at(queue: EventQueue, name: str) -> QueueLook:
    oldest = await queue.oldest(name)
    return QueueLook(
        length=await queue.length(name),
        oldest_seconds=0.0 if oldest is None else max(0.0, time.time() - oldest),
    )
