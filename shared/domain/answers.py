"""What is searched for, found and answered."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from shared.domain.documents import Chunk, Embedding, PageKind

SearchMode: TypeAlias = Literal["hybrid", "text", "vector"]
Degraded: TypeAlias = Literal["smaller_model", "cached", "extractive", "text_search"]
# Of an answer: from the cache, made, made for somebody else at this moment, or not to be cached.
CacheOutcome: TypeAlias = Literal["hit", "miss", "shared", "off"]


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


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A retrieved chunk as the prompt and the answer number it."""

    marker: int  # from 1
    chunk: Chunk
    document_name: str
    page_kind: PageKind
    score: float
    rights: frozenset[str] = frozenset()  # of the asker, those that open the document


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

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


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
    patience: float | None = None  # seconds to the first word, after which another one is asked; None: any


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
    leans_on: tuple[str, ...] = ()  # ids of documents that its answer may repeat out of earlier turns
    model: str = ""  # that wrote the answer; unknown of turns that older releases have stored


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which documents are searched; every one that is given has to fit."""

    folder: str | None = None  # the name as people see it begins with this, at a `/`
    types: frozenset[str] = frozenset()  # endings of names, lower case, without a dot; none: all
    tags: frozenset[str] = frozenset()  # the document has at least one of them; none: all
    since: float | None = None  # `indexed_at`, the first and …
    until: float | None = None  # … the last moment


@dataclass(frozen=True, kw_only=True)
class Question:
    """What `POST /api/query` asks, checked."""

    text: str
    conversation_id: str | None = None
    top_k: int = 8
    mode: SearchMode = "hybrid"
    document_ids: frozenset[str] | None = None
    filters: Filters | None = None
    history: tuple[Turn, ...] = ()  # told by the caller, where no conversation is named
    index: str | None = None  # an administrator may ask another than the live one
    model: str | None = None  # of those that query.choice offers; None: the host's


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
    nearest: tuple[Citation, ...] = ()  # what was found, where it does not carry an answer
    follow_ups: tuple[str, ...] = ()  # questions that may be asked next
    cache: CacheOutcome = "off"
    saved: Usage = field(default_factory=Usage)  # what the cache spared


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
