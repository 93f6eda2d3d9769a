"""Azure's listing in order of name, as Python compares names. Used by `AzureBlobStore`.

The service promises "lexicographic" and does not say by which units. Bytes of UTF-8 give our order. Units
of UTF-16, by which Azurite sorts, put what lies beyond U+FFFF (emoji) before U+E000 to U+FFFF (full-width
forms).
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from heapq import heappop, heappush

from shared.domain import BlobProperties
from shared.errors import BackendUnavailable

_BEYOND = re.compile("[\U00010000-\U0010ffff]")


async def in_order(blobs: AsyncIterator[BlobProperties]) -> AsyncGenerator[BlobProperties, None]:
    """Either order in, ours out.

    Errors: `BackendUnavailable` for any other order: joined with the documents it would delete some.
    """
    last = ""
    async with aclosing(_reordered(blobs)) as reordered:
        async for blob in reordered:
            if blob.name < last:
                raise BackendUnavailable(
                    "the blob storage does not list by name; use an account without hierarchical namespace"
                )
            last = blob.name
            yield blob


async def _reordered(blobs: AsyncIterator[BlobProperties]) -> AsyncGenerator[BlobProperties, None]:
    """Names with an emoji wait until no more come that are the same up to it. All else passes."""
    waiting: list[tuple[str, int, BlobProperties]] = []  # a heap: name, where its emoji stands, blob
    async for blob in blobs:
        while waiting and not blob.name.startswith(waiting[0][0][: waiting[0][1]]):
            yield heappop(waiting)[2]
        beyond = _BEYOND.search(blob.name)
        if beyond is None:
            yield blob
        else:
            heappush(waiting, (blob.name, beyond.start(), blob))
    while waiting:
        yield heappop(waiting)[2]
