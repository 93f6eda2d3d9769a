"""Batches of documents for the search service, none of which may get lost. Called by `azure_search`.

The service answers for each document of a batch: some may be written and others not (HTTP 207). A batch is
sent as the JSON we made: the SDK's own way copies every number of every embedding, four times the work.
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    map_error,
)
from azure.core.rest import HttpRequest
from azure.search.documents import ApiVersion
from azure.search.documents.aio import SearchClient

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
_ERRORS = {401: ClientAuthenticationError, 404: ResourceNotFoundError}

Action: TypeAlias = Literal["upload", "merge", "delete"]
Fields: TypeAlias = Mapping[str, Any]


class Write(NamedTuple):
    key: str
    json: bytes


class _Outcome(NamedTuple):
    left: list[Write]  # what to try again
    pause: float | None = None  # seconds that the service asks for


async def send(client: SearchClient, index: str, action: Action, documents: Iterable[Fields]) -> None:
    """All of them, each with its key `id`, or an error."""
    writes = await asyncio.to_thread(lambda: [encode(action, document) for document in documents])
    for batch in batches(writes):
        await _send_batch(client, index, batch)


def encode(action: Action, document: Fields) -> Write:
    text = json.dumps({"@search.action": action, **document}, separators=(",", ":"))
    return Write(document["id"], text.encode())


def batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """In order, cut by count and by bytes."""
    batch: list[Write] = []
    size = 0
    for write in writes:
        if batch and (len(batch) == _MAX_COUNT or size + len(write.json) > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(write)
        size += len(write.json) + 1  # the comma
    if batch:
        yield batch


async def _send_batch(client: SearchClient, index: str, batch: list[Write]) -> None:
    left = batch
    for attempt in range(_ATTEMPTS):
        left, pause = await _try(client, index, left)
        if not left:
            return
        if attempt < _ATTEMPTS - 1:
            await asyncio.sleep(_FIRST_PAUSE * 2**attempt if pause is None else pause)
    raise BackendUnavailable(f"{SERVICE.name} did not take {len(left)} of {len(batch)} chunks: it is busy")


async def _try(client: SearchClient, index: str, batch: list[Write]) -> _Outcome:
    request = HttpRequest(
        "POST",
        f"/indexes('{index}')/docs/search.index",
        params={"api-version": ApiVersion.V2026_04_01.value},
        headers={"Content-Type": "application/json", "Accept": "application/json;odata.metadata=none"},
        content=b'{"value":[' + b",".join(write.json for write in batch) + b"]}",
    )
    async with reaching(timeout=_TIMEOUT):
        response = await client.send_request(request, **REPEATABLE)
        if response.status_code in (200, 207):
            return _Outcome(_not_done(batch, response.json()["value"]))
        map_error(response.status_code, response, _ERRORS)
        error = HttpResponseError(response=response)
        if response.status_code not in _BUSY:
            raise error
        pause = response.headers.get("Retry-After")
        if pause is not None and seconds(pause) > _MAX_PAUSE:
            raise refused(SERVICE, error)
        return _Outcome(batch, None if pause is None else seconds(pause))


def _not_done(batch: list[Write], results: Sequence[Fields]) -> list[Write]:
    """What is worth another try. Errors: `BackendUnavailable` where something is not."""
    done = {one["key"] for one in results if one["status"] or one["statusCode"] == _GONE}
    hopeless = [one for one in results if one["key"] not in done and one["statusCode"] not in _TRY_AGAIN]
    if hopeless:
        worst = hopeless[0]
        _log.warning(
            "search_document_refused",
            extra={"key": worst["key"], "status": worst["statusCode"], "reason": worst.get("errorMessage")},
        )
        raise BackendUnavailable(
            f"{SERVICE.name} refused {len(hopeless)} of {len(batch)} chunks (HTTP {worst['statusCode']}); "
            "the log names one and the reason"
        )
    return [write for write in batch if write.key not in done]
