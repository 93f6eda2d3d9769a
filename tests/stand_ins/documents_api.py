"""What the tests of the documents routes do in a line."""

from typing import Any

from shared.domain import Chunk, IndexedChunk, SearchQuery
from shared.services import Services


def path_of(document: dict[str, Any], rest: str = "") -> str:
    return f"/api/documents/{document['id']}{rest}"


async def publish(services: Services, uploaded: dict[str, Any], text: str = "pumps") -> None:
    """What ingestion would do, without parser and embedder."""
    found = await services.metadata.document(uploaded["id"])
    assert found is not None
    blob = await services.blobs.head(found.name)
    assert blob is not None
    claimed = await services.metadata.claim(found.id, blob, now=1e9)
    assert claimed is not None
    version = claimed.claimed_version
    chunk = Chunk(
        id=f"{found.id}.{version}.0",
        document_id=found.id,
        version=version,
        ordinal=0,
        page=1,
        title="",
        heading="",
        content=text,
    )
    index = (await services.shelf.live()).search_index
    embedding = [1.0] + [0.0] * (index.dimension - 1)
    await index.write([IndexedChunk(chunk=chunk, embedding=embedding, readers=found.readers)])
    assert await services.metadata.publish(
        found.id,
        version,
        index=index.name,
        content_hash="h",
        title="Pumps",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(("parse", 12.5),),
        now=1e9,
    )


async def searched(services: Services, readers: frozenset[str] | None = None) -> list[str]:
    query = SearchQuery(text="pumps", embedding=None, top_k=10, readers=readers, mode="text")
    return [hit.chunk.document_id for hit in await (await services.shelf.live()).search_index.search(query)]
