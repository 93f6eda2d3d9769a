"""Keeps every index but the live one filled: those being built, and those kept for a rollback.

Called by the pipeline, builds and the reconciler, which send the events, and by the trigger that works them
off. A fill event names an index and a document; what is to be done is looked up, so that events may be
doubled, late or lost: the reconciler sends those that are missing.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from shared.domain import Document, IndexVersion
from shared.errors import DocumentRejected, InvalidRequest, NotFound
from shared.ingest import documents, fill
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry import traces
from shared.telemetry.logs import event
from shared.telemetry.stages import Stages

log = logging.getLogger(__name__)

FILL_QUEUE = "index-fills"
FILL_POISON_QUEUE = "index-fills-poison"
_PAGE = 200  # documents: so few of a build wait in the queue at a time


@dataclass(frozen=True, kw_only=True)
class FillEvent:
    """Bring a document into an index. Without one: every document that the index lacks, `after` this name."""

    index: str
    document: str | None = None  # the blob's name
    after: str = ""


_MEMBERS = {field.name for field in fields(FillEvent)}


def lacking(document: Document, versions: Iterable[IndexVersion]) -> list[IndexVersion]:
    """The indexes that do not have the document's current version yet."""
    if not document.current_version:
        return []
    return [each for each in versions if document.version_in(each.name) != document.current_version]


async def spread(document: Document, versions: Iterable[IndexVersion], services: Services) -> int:
    """Send an event for each index that lacks the document; how many."""
    wanting = lacking(document, versions)
    for version in wanting:
        await send(FillEvent(index=version.name, document=document.name), services)
    return len(wanting)


async def send(event: FillEvent, services: Services) -> None:
    # Without its trace: releases before this one take no message with a member that they do not know.
    with traces.sending(FILL_QUEUE):
        await services.queue.send(FILL_QUEUE, json.dumps(asdict(event)))


def decode(body: str) -> FillEvent:
    """What later releases may add is read over. Errors: `InvalidRequest`."""
    try:
        told = json.loads(body)
        return FillEvent(**{name: told[name] for name in told.keys() & _MEMBERS})
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidRequest("not a fill event") from error


async def work_off(event: FillEvent, services: Services) -> None:
    if event.document is None:
        await _spread_page(event, services)
    else:
        await fill_index(event.document, event.index, services)


async def _spread_page(event: FillEvent, services: Services) -> None:
    """The next page waits behind this one, so that a build of any size fills no queue."""
    versions = [each for each in await services.shelf.filled() if each.name == event.index]
    page = await services.metadata.list_documents(readers=None, after=event.after, limit=_PAGE)
    for document in page:
        await spread(document, versions, services)
    if versions and page:
        await send(FillEvent(index=event.index, after=page[-1].name), services)


async def fill_index(name: str, index_name: str, services: Services) -> bool:
    """Bring the document's current version into the index; whether there was anything to do.

    A newer upload has an event of its own, so what is not the current content is left to that.
    """
    try:
        index = await services.shelf.named(index_name)
    except NotFound:
        return False  # removed meanwhile
    document = await services.metadata.document(documents.document_id(name))
    if document is None or not lacking(document, [index.version]):
        return False
    try:
        async with services.blobs.local_copy(name) as (path, _):
            if await fill.content_hash(path) != document.content_hash:
                return False
            return await _fill_copy(path, document, index, services)
    except NotFound:
        return False  # deleted: its own event removes the document


async def _fill_copy(path: Path, document: Document, index: OpenIndex, services: Services) -> bool:
    version = document.current_version
    stages = Stages("fill")

    async def wanted() -> Document | None:
        current = await services.metadata.document(document.id)
        return current if current is not None and current.current_version == version else None

    try:
        _, chunks = await fill.read(path, document, index, services, version=version, stages=stages)
    except DocumentRejected as error:
        # The live index took it: this one cuts it into too many chunks, say.
        event(log, "document_not_filled", document_id=document.id, index=index.name, reason=str(error))
        return False
    is_written = await fill.write(
        chunks, document, index, services, version=version, wanted=wanted, stages=stages
    )
    if is_written and await services.metadata.hold(document.id, version, index=index.name):
        services.reached("held")
        await index.search_index.delete_versions(document.id, last=version - 1)
        return True
    current = await services.metadata.document(document.id)
    if current is None or current.version_in(index.name) != version:
        await index.search_index.delete_versions(document.id, first=version, last=version)
    return False
