"""Batches of documents for the search service, none of which may get lost. Called by `azure_search`.

The service answers for each document of a batch: some may be written and others not (HTTP 207).
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from azure.core.exceptions import HttpResponseError
from azure.search.documents.aio import SearchClient
from azure.search.documents.models import IndexAction, IndexDocumentsBatch, IndexingResult

from shared.azure_sdk import refused, seconds
from shared.errors import BackendUnavailable
from shared.search_indexes.azure_search_service import REPEATABLE, SERVICE, reaching

_log = logging.getLogger(__name__)

_MAX_COUNT = 1_000  # documents of a batch that the service takes
_MAX_BYTES = 1_000_000  # it takes 16 MB, but sending a larger body at once would hold up the event loop
_TIMEOUT = 60.0  # seconds for one batch
_ATTEMPTS = 6
_FIRST_PAUSE = 0.2  # seconds; doubles
_MAX_PAUSE = 10.0  # told to wait longer, the caller has to: its queue delivers the event again
_BUSY = frozenset({429, 503})
_TRY_AGAIN = frozenset({409, 422, *_BUSY})  # per document: conflict, index being changed, too busy
_GONE = 404  # a merge into a document that was deleted meanwhile

Action: TypeAlias = Literal["upload", "merge", "delete"]
Fields: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    left: list[Fields]  # documents to try again
    pause: float | None = None  # seconds that the service asks for


async def send(client: SearchClient, action: Action, documents: Iterable[Fields]) -> None:
    """All of them, each with its key `id`, or an error."""
    for batch in batches(documents):
        await _send_batch(client, action, batch)


def batches(documents: Iterable[Fields]) -> Iterator[list[Fields]]:
    """In order, cut by count and by the bytes that they take as JSON."""
    batch: list[Fields] = []
    size = 0
    for document in documents:
        length = len(json.dumps(document)) + 40  # its action and the comma
        if batch and (len(batch) == _MAX_COUNT or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += length
    if batch:
        yield batch


async def _send_batch(client: SearchClient, action: Action, batch: list[Fields]) -> None:
    left = batch
    for attempt in range(_ATTEMPTS):
        outcome = await _try(client, action, left)
        left = outcome.left
        if not left:
            return
        if attempt < _ATTEMPTS - 1:
            pause = _FIRST_PAUSE * 2**attempt if outcome.pause is None else outcome.pause
            await asyncio.sleep(pause)
    raise BackendUnavailable(f"{SERVICE.name} did not take {len(left)} of {len(batch)} chunks: it is busy")


async def _try(client: SearchClient, action: Action, batch: list[Fields]) -> _Outcome:
    actions = [IndexAction({"@search.action": action, **document}) for document in batch]
    async with reaching(timeout=_TIMEOUT):
        try:
            results = await client.index_documents(IndexDocumentsBatch(actions=actions), **REPEATABLE)
        except HttpResponseError as error:
            if error.status_code not in _BUSY:
                raise
            return _Outcome(left=batch, pause=_asked_pause(error))
    return _Outcome(left=_not_done(batch, results))


def _asked_pause(error: HttpResponseError) -> float | None:
    told = (getattr(error.response, "headers", None) or {}).get("Retry-After")
    if told is None:
        return None
    pause = seconds(told)
    if pause > _MAX_PAUSE:
        raise refused(SERVICE, error) from error
    return pause


def _not_done(batch: list[Fields], results: Sequence[IndexingResult]) -> list[Fields]:
    """The documents that are worth another try. Errors: `BackendUnavailable` where one is not."""
    done = {result.key for result in results if result.succeeded or result.status_code == _GONE}
    hopeless = [r for r in results if r.key not in done and r.status_code not in _TRY_AGAIN]
    if hopeless:
        worst = hopeless[0]
        _log.warning(
            "search_document_refused",
            extra={"key": worst.key, "status": worst.status_code, "reason": worst.error_message},
        )
        raise BackendUnavailable(
            f"{SERVICE.name} refused {len(hopeless)} of {len(batch)} chunks (HTTP {worst.status_code}); "
            "the log names one and the reason"
        )
    return [document for document in batch if document["id"] not in done]
