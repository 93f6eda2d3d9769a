"""Which turns of a conversation its owner may still see: answers repeat what documents say.

Called by query.answer and by the conversations' routes.
"""

from collections.abc import Sequence
from itertools import compress

from shared.auth.access import may_read
from shared.domain import Principal, Turn
from shared.metadata_stores.base import DocumentStore


async def readable(turns: Sequence[Turn], principal: Principal, metadata: DocumentStore) -> tuple[Turn, ...]:
    """Those that `are_readable`. Errors: `BackendUnavailable`: never unfiltered."""
    return tuple(compress(turns, await are_readable(turns, principal, metadata)))


async def are_readable(turns: Sequence[Turn], principal: Principal, metadata: DocumentStore) -> list[bool]:
    """For each turn, whether every document that it cites is there and may be read by the principal.

    Errors: `BackendUnavailable`.
    """
    cited = [{citation.document_id for citation in turn.citations} for turn in turns]
    known = await metadata.documents(sorted(set().union(*cited)))
    allowed = {each.id for each in known.values() if each.current_version and may_read(principal, each)}
    return [ids <= allowed for ids in cited]
