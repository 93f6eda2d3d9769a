"""Brings the readers of a document, of which the metadata store is the authority, to the indexes.

Called by the documents routes when somebody shares, and by `fill`, beside which somebody may share.
"""

import time

from shared.search_indexes.base import SearchIndex
from shared.services import Services


async def share(document_id: str, readers: frozenset[str], services: Services) -> bool:
    """False for an unknown or deleted document.

    The authority first: whoever lost the right does not see it from there on, whatever the index says.
    """
    if not await services.metadata.set_readers(document_id, readers, now=time.time()):
        return False
    for index in await services.shelf.everywhere():
        await show(document_id, index, services, shown=None)
    return True


async def show(
    document_id: str, index: SearchIndex, services: Services, *, shown: frozenset[str] | None
) -> None:
    """Until the index, which has `shown`, has what is recorded: of two changes the first may come last."""
    current = await services.metadata.document(document_id)
    while current is not None and current.readers != shown:
        shown = current.readers
        await index.set_readers(document_id, shown)
        current = await services.metadata.document(document_id)
