"""Which turns of a conversation its owner may still see: answers repeat what documents say.

Called by query.answer and by the conversations' routes.
"""

from collections.abc import Sequence
from itertools import compress

from shared.auth.access import may_read
from shared.domain import Document, Principal, Turn
from shared.metadata_stores.base import DocumentStore


async def readable(turns: Sequence[Turn], principal: Principal, metadata: DocumentStore) -> tuple[Turn, ...]:
    """Those that `are_readable`. Errors: `BackendUnavailable`: never unfiltered."""
    return tuple(compress(turns, await are_readable(turns, principal, metadata)))


async def are_readable(turns: Sequence[Turn], principal: Principal, metadata: DocumentStore) -> list[bool]:
    """For each turn, whether all of its `sources` are there still and may be read by the principal.

    A document that was deleted and has come back since is another one. Errors: `BackendUnavailable`.
    """
    known = await metadata.documents(sorted(sources(turns)))
    allowed = [each for each in known.values() if each.current_version and may_read(principal, each)]
    return [sources([turn]) <= _there_at(turn.asked_at, allowed) for turn in turns]


def sources(turns: Sequence[Turn]) -> set[str]:
    """Ids of the documents that their answers may repeat."""
    cited = {citation.document_id for turn in turns for citation in turn.citations}
    return cited.union(*(turn.leans_on for turn in turns))


def _there_at(moment: float, documents: Sequence[Document]) -> set[str]:
    return {each.id for each in documents if each.created_at <= moment}
