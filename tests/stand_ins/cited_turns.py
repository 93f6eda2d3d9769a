"""Turns that cite documents, and the documents that they cite."""

from shared.domain import BlobProperties, Citation, Document, DocumentStatus, Turn
from shared.metadata_stores.base import MetadataStore


def cited_turn(
    *document_ids: str,
    question: str = "Where?",
    answer: str = "Here [1].",
    document: str = "users/u1/notes.md",
    asked_at: float = 1e9,
    leans_on: tuple[str, ...] = (),
) -> Turn:
    citations = tuple(
        Citation(
            marker=marker,
            document_id=document_id,
            document=document,
            page=3,
            page_kind="page",
            snippet="…",
            url=f"/api/documents/{document_id}/content#page=3",
            score=0.5,
        )
        for marker, document_id in enumerate(document_ids, start=1)
    )
    return Turn(
        question=question,
        answer=answer,
        citations=citations,
        asked_at=asked_at,
        request_id="r1",
        leans_on=leans_on,
    )


async def publish(
    metadata: MetadataStore, document_id: str, readers: frozenset[str], *, created_at: float = 0.0
) -> None:
    """Make it a document that is indexed; one that is stays as it is."""
    document = Document(
        id=document_id,
        name=document_id,
        owner_id=None,
        readers=readers,
        status=DocumentStatus.QUEUED,
        created_at=created_at,
    )
    await metadata.announce(document, etag="1")
    blob = BlobProperties(name=document_id, etag="1", size=1, modified_at=0.0)
    claimed = await metadata.claim(document_id, blob, now=1.0)
    assert claimed is not None
    assert await metadata.publish(
        document_id,
        claimed.claimed_version,
        index="documents",
        content_hash="h",
        title="",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(),
        now=1.0,
    )
