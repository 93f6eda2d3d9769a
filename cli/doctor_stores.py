"""The checks of `rag doctor` on what keeps things: metadata, files, events, cache.

Each writes a probe, reads it and takes it away again, through the plug's protocol and nothing else.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx

from cli.doctor_findings import TIDY_SECONDS, Check, Said, fail, ok, until, warn
from shared.blob_stores.base import BlobStore
from shared.caches.base import Cache
from shared.domain import QueueMessage, Turn
from shared.event_queues.base import EventQueue
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.metadata_stores.base import MetadataStore

QUEUE = "rag-doctor"
_NOBODY = "rag-doctor"
_CONTENT = b"rag doctor was here"
_PATIENCE = 5.0  # seconds for a message or an upload to arrive
_CACHE_PATIENCE = 8.0  # seconds
_TICKET_LIFE = 60.0  # seconds
_STALE = 60.0  # seconds after which a probe belongs to a doctor that was killed
_LATE = 600.0  # seconds that an event waits when nobody works on it


async def check_metadata(metadata: MetadataStore) -> Check:
    await metadata.ping()
    yield ok("answers")
    probe = f"rag-doctor-{uuid4().hex}"
    turn = Turn(question="", answer="", citations=(), asked_at=time.time())
    try:
        await metadata.add_turn(probe, _NOBODY, turn, title="rag doctor", max_turns=1)
        stored = await metadata.conversation(probe, _NOBODY)
    finally:
        async with asyncio.timeout(TIDY_SECONDS):
            await metadata.delete_conversation(probe, _NOBODY)
    if stored is None:
        yield fail("what was written cannot be read; check the store's read and write concern")
    else:
        yield ok("a conversation was written, read and deleted")


async def check_blobs(blobs: BlobStore) -> Check:
    await blobs.ping()
    yield ok("answers")
    probe = _blob_name()
    try:
        await blobs.put(probe, _once(_CONTENT), max_size=len(_CONTENT))
        head = await blobs.head(probe)
        content = b"".join([piece async for piece in blobs.read(probe)])
    finally:
        async with asyncio.timeout(TIDY_SECONDS):
            await blobs.delete(probe)
    if head is None or content != _CONTENT:
        yield fail("what was written reads back as something else; does another program change it?")
    else:
        yield ok("a file was written, read and deleted")
    yield await _direct_upload(blobs)


async def check_queue(queue: EventQueue) -> Check:
    body = uuid4().hex
    await queue.send(QUEUE, body)

    async def arrived() -> bool:
        return await _took(queue, body)

    if await until(arrived, seconds=_PATIENCE):
        yield ok("a message was sent, received and deleted")
    else:
        yield fail(f"a message did not arrive within {_PATIENCE:g} s; does another program read {QUEUE}?")
    waiting, oldest = await queue.length(INGEST_QUEUE), await queue.oldest(INGEST_QUEUE)
    if waiting and oldest is not None and time.time() - oldest > _LATE:
        minutes = (time.time() - oldest) / 60
        yield warn(
            f"{INGEST_QUEUE}: {waiting} waiting, one for {minutes:.0f} min; does a host fire triggers?"
        )
    else:
        yield ok(f"{INGEST_QUEUE}: {waiting} waiting")
    if poisoned := await queue.length(POISON_QUEUE):
        yield warn(f"{POISON_QUEUE}: {poisoned} waiting to be marked as parked; does a host fire triggers?")


async def check_cache(cache: Cache) -> Check:
    """A dead cache is a miss, so it shows only in what it has forgotten."""
    key = f"rag-doctor-{uuid4().hex}"

    async def is_kept() -> bool:
        await cache.set(key, _CONTENT, ttl=_STALE)
        return await cache.get(key) == _CONTENT

    # More than once: signing in may take longer than a cache waits before it passes its server by.
    has_kept = await until(is_kept, seconds=_CACHE_PATIENCE)
    await cache.delete(key)
    if has_kept:
        yield ok("a value was set, read and deleted")
    else:
        yield warn("keeps nothing and is bypassed: answers work, slower; check RAG_CACHE and its address")


async def _direct_upload(blobs: BlobStore) -> Said:
    """As a browser or the command line does it, through a ticket that needs no token."""
    probe = _blob_name()
    ticket = await blobs.direct_upload(probe, expires_in=_TICKET_LIFE)
    if ticket is None:
        return ok("gives no tickets for direct uploads; files go through the host")
    try:
        async with httpx.AsyncClient(timeout=_PATIENCE) as http:
            answer = await http.put(ticket.url, content=_CONTENT, headers=dict(ticket.headers))
        has_arrived = await blobs.head(probe) is not None
    except httpx.HTTPError as error:
        why = type(error).__name__  # its text has the address, which lets anybody in
        return fail(f"a direct upload ends with {why}; may this machine reach the storage account?")
    finally:
        async with asyncio.timeout(TIDY_SECONDS):
            await blobs.delete(probe)
    if not has_arrived:
        return fail(f"a direct upload was answered with HTTP {answer.status_code}; check the account's rules")
    return ok("a direct upload arrived")


def _blob_name() -> str:
    """Neither under shared/ nor under users/: nobody may read what lies there."""
    return f"rag-doctor-{uuid4().hex}.txt"


async def _took(queue: EventQueue, body: str) -> bool:
    """Delete this message if it has come, and what doctors that were killed have left."""
    has_come = False
    for message in await queue.receive(QUEUE, limit=32, visibility=2.0):
        if message.body == body or _is_stale(message):
            await queue.delete(QUEUE, message)
        has_come = has_come or message.body == body
    return has_come


def _is_stale(message: QueueMessage) -> bool:
    return time.time() - message.inserted_at > _STALE


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
