"""The trace of an upload, for whoever ingests what was uploaded: no event of a storage tells it.

It travels in the cache, which all processes share: what may be lost is a trace in one piece. Left by the
upload routes, found by the triggers.
"""

from shared.caches.base import Cache
from shared.ingest.documents import document_id
from shared.telemetry import traces

_LIFE = 3600.0  # seconds


async def leave(name: str, cache: Cache) -> None:
    """Before the blob is there: what follows may be fast."""
    traceparent = traces.current.get().traceparent
    if traceparent:
        await cache.set(_key(name), traceparent.encode(), ttl=_LIFE)


async def find(name: str, cache: Cache) -> str:
    """The traceparent of the last upload under this name; empty where there was none."""
    return (await cache.get(_key(name)) or b"").decode("ascii", "replace")


def _key(name: str) -> str:
    return f"upload-trace:{document_id(name)}"
