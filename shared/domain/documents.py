"""What is uploaded, and what becomes of it until it is searchable."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Embedding: TypeAlias = Sequence[float]  # unit length, `Embedder.dimension` numbers
PageKind: TypeAlias = Literal["page", "slide", "sheet", "section"]


class DocumentStatus(StrEnum):
    QUEUED = "queued"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    INDEXED = "indexed"
    FAILED = "failed"
    DELETED = "deleted"  # a tombstone: keeps `version` growing if the name comes back


@dataclass(frozen=True, kw_only=True)
class BlobProperties:
    """What a HEAD of a blob tells. `name` is the path inside the container, without its name."""

    name: str
    etag: str
    size: int
    modified_at: float


@dataclass(frozen=True, kw_only=True)
class DirectUpload:
    """Where a browser may PUT one file without a token, and the headers it has to send along."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document as the metadata store, the authority, knows it."""

    id: str
    name: str  # the blob's name: `shared/handbook.pdf`, `users/<user id>/notes.md`
    owner_id: str | None  # None: dropped under shared/
    readers: frozenset[str]
    status: DocumentStatus
    reason: str | None = None  # why it failed, for a person to act on
    etag: str | None = None  # of the blob that was last claimed
    content_hash: str | None = None  # of the content that `current_version` shows
    size: int = 0
    claimed_version: int = 0  # the version being written, or the last one that was
    current_version: int = 0  # the version queries may see; 0: none yet
    title: str = ""
    pages: int = 0
    page_kind: PageKind = "page"
    chunks: int = 0
    created_at: float = 0.0
    updated_at: float = 0.0
    indexed_at: float | None = None
    timings: tuple[tuple[str, float], ...] = ()  # (stage, ms) of the last ingestion
    held: tuple[tuple[str, int], ...] = ()  # (index, the version that queries of this index see)
    parked_event: str | None = None  # the queue message that failed too often; None: not parked
    tags: frozenset[str] = frozenset()  # what people file it under, lower case

    def version_in(self, index: str) -> int:
        """What queries of this index may see; 0: nothing."""
        return dict(self.held).get(index, 0) if self.current_version else 0


@dataclass(frozen=True, kw_only=True)
class ParsedPage:
    number: int  # from 1
    text: str  # Markdown
    label: str = ""  # a sheet's name, a slide's title


@dataclass(frozen=True, kw_only=True)
class ParsedDocument:
    title: str
    pages: tuple[ParsedPage, ...]
    page_kind: PageKind = "page"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A passage of one version of a document; the id is the same whenever it is made again."""

    id: str  # `<document id>.<version>.<ordinal>`
    document_id: str
    version: int
    ordinal: int
    page: int
    title: str  # of the document
    heading: str  # the headings above the passage, joined by " › "
    content: str  # Markdown

    @property
    def embedding_text(self) -> str:
        """What is embedded: title and headings in front of the passage (PARTS.md measured why)."""
        return "\n".join(part for part in (self.title, self.heading, self.content) if part)


@dataclass(frozen=True, kw_only=True)
class IndexedChunk:
    chunk: Chunk
    embedding: Embedding
    readers: frozenset[str]


class IndexState(StrEnum):
    BUILDING = "building"  # filled beside the live one
    LIVE = "live"
    STANDBY = "standby"  # was live; kept filled, so that a rollback loses nothing
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class IndexVersion:
    """A search index as the metadata store records it: what fills it, so that nothing else is mixed in."""

    name: str  # `<base>-v<number>-<UTC timestamp>`
    base: str  # RAG_INDEX_NAME
    number: int  # from 1
    embedder: str  # `Embedder.name`
    dimension: int
    chunk_chars: int
    chunk_overlap: int
    created_at: float
    state: IndexState = IndexState.BUILDING
    changed_at: float = 0.0  # when it came into this state
    documents: int = 0  # it and `chunks` when they were last counted
    chunks: int = 0
    gate: str = ""  # what the last comparison with the live index found, as JSON

    @property
    def is_filled(self) -> bool:
        """Whether new versions of documents go into it."""
        return self.state is not IndexState.REMOVED


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """A message that its receiver holds until `visible_at`; `receipt` proves the hold."""

    id: str
    receipt: str
    body: str
    dequeue_count: int  # 1 on first delivery
    inserted_at: float
