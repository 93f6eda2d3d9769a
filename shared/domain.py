"""The product's nouns, as frozen dataclasses. Everything that crosses a file is one of these.

Times are seconds since the epoch (UTC), sizes bytes, durations milliseconds where a name ends in
`_ms` and seconds otherwise. A higher score is always better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

Embedding: TypeAlias = Sequence[float]  # unit length, `Embedder.dimension` numbers

SearchMode: TypeAlias = Literal["hybrid", "text", "vector"]
Degraded: TypeAlias = Literal["smaller_model", "cached", "extractive"]
PageKind: TypeAlias = Literal["page", "slide", "sheet", "section"]
Role: TypeAlias = Literal["user", "assistant"]

EVERYONE = "everyone"  # the reader that every signed-in user is


def user_reader(user_id: str) -> str:
    """The entry in `readers` that names one user."""
    return f"user:{user_id}"


# -- people ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking, as their token proves it."""

    user_id: str
    email: str
    is_administrator: bool = False
    family_id: str = ""  # of the refresh tokens it was issued with: revoked means signed out

    @property
    def readers(self) -> frozenset[str]:
        """Every entry of a document's `readers` that lets this principal in."""
        return frozenset({EVERYONE, user_reader(self.user_id)})


@dataclass(frozen=True, kw_only=True)
class User:
    id: str
    email: str  # lower case, unique
    password_hash: str
    is_administrator: bool
    created_at: float
    is_disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """One link of a family: every rotation adds a link, a replay revokes the family."""

    token_hash: str  # sha256 of the secret, hexadecimal
    family_id: str
    user_id: str
    issued_at: float
    expires_at: float
    rotated_at: float | None = None
    revoked_at: float | None = None


# -- documents ---------------------------------------------------------------------------------


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


# -- search ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SearchQuery:
    """`readers` None means no filter and is for administration and evaluation only."""

    text: str
    embedding: Embedding | None
    top_k: int
    readers: frozenset[str] | None
    mode: SearchMode = "hybrid"
    document_ids: frozenset[str] | None = None  # None: all


@dataclass(frozen=True, kw_only=True)
class Hit:
    chunk: Chunk
    score: float


# -- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A retrieved chunk as the prompt and the answer number it."""

    marker: int  # from 1
    chunk: Chunk
    document_name: str
    page_kind: PageKind
    score: float


@dataclass(frozen=True, kw_only=True)
class Citation:
    marker: int
    document_id: str
    document: str  # its name
    page: int
    page_kind: PageKind
    snippet: str
    url: str  # of the source, at the page
    score: float


@dataclass(frozen=True, kw_only=True)
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a language model is sent, and what it has said before."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A question with its passages, as data (for the extractive model) and as messages (for others)."""

    question: str
    passages: tuple[Passage, ...]
    messages: tuple[Message, ...]
    max_tokens: int


@dataclass(frozen=True, kw_only=True)
class ChatDelta:
    """A piece of an answer. The last one carries the usage, where the model tells it."""

    text: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One question and its answer in a conversation."""

    question: str
    answer: str
    citations: tuple[Citation, ...]
    asked_at: float
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What `POST /api/query` asks, checked."""

    text: str
    conversation_id: str | None = None
    top_k: int = 8
    mode: SearchMode = "hybrid"
    document_ids: frozenset[str] | None = None
    history: tuple[Turn, ...] = ()  # told by the caller, where no conversation is named


@dataclass(frozen=True, kw_only=True)
class ContextEvent:
    """First event of an answer: what was retrieved and may be cited."""

    conversation_id: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True)
class DeltaEvent:
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    text: str
    citations: tuple[Citation, ...]
    conversation_id: str
    model: str
    index: str
    usage: Usage
    timings: tuple[tuple[str, float], ...]  # (stage, ms)
    degraded: Degraded | None = None
    degraded_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class DoneEvent:
    answer: Answer


AnswerEvent: TypeAlias = ContextEvent | DeltaEvent | DoneEvent


@dataclass(frozen=True, kw_only=True)
class Conversation:
    id: str
    user_id: str
    title: str
    created_at: float
    updated_at: float
    turns: tuple[Turn, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Feedback:
    user_id: str
    conversation_id: str
    request_id: str
    rating: Literal["up", "down"]
    comment: str
    given_at: float


# -- events ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """A message that its receiver holds until `visible_at`; `receipt` proves the hold."""

    id: str
    receipt: str
    body: str
    dequeue_count: int  # 1 on first delivery
    inserted_at: float
