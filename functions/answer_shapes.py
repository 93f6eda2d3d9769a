"""What answers about documents, questions and indexes look like. Used by shapes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.domain import DocumentStatus, PageKind


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CitationShape(Shape):
    marker: int
    document_id: str
    document: str
    page: int
    page_kind: PageKind
    snippet: str
    url: str
    score: float


class FoundPassage(CitationShape):
    content: str


class FoundPassages(Shape):
    degraded: str | None
    passages: list[FoundPassage]


class TokensUsed(Shape):
    prompt_tokens: int
    completion_tokens: int


class AnswerContext(Shape):
    citations: list[CitationShape]
    conversation_id: str
    degraded: str | None
    degraded_reason: str | None
    model: str
    cached: bool
    index: str
    nearest: list[CitationShape]
    follow_ups: list[str]
    usage: TokensUsed
    timings: dict[str, float]
    request_id: str


class AnswerShape(AnswerContext):
    answer: str


class ProtocolAnswerMessage(Shape):
    role: Literal["assistant"]
    content: str
    context: AnswerContext


class ProtocolAnswer(Shape):
    message: ProtocolAnswerMessage
    sessionState: str  # noqa: N815 (the protocol's name)


class UrlCitation(Shape):
    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(Shape):
    type: Literal["url_citation"]
    url_citation: UrlCitation


class CompletionMessage(ProtocolAnswerMessage):
    annotations: list[Annotation]


class CompletionChoice(Shape):
    index: int
    message: CompletionMessage
    finish_reason: Literal["stop"]


class CompletionUsage(TokensUsed):
    total_tokens: int


class Completion(Shape):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: CompletionUsage


class DocumentShape(Shape):
    id: str
    name: str
    title: str | None
    status: DocumentStatus
    status_text: str
    reason: str | None
    is_parked: bool
    is_owner: bool
    may_change: bool
    readers: list[str]
    tags: list[str]
    size: int
    pages: int | None
    page_kind: PageKind
    chunks: int
    is_searchable: bool
    created_at: str | None
    updated_at: str | None
    indexed_at: str | None
    timings: dict[str, float]


class DocumentsPage(Shape):
    documents: list[DocumentShape]
    next: str | None


class QueuedDocument(Shape):
    id: str
    name: str
    status: DocumentStatus


class QueuedDocuments(Shape):
    documents: list[QueuedDocument]


class UploadTicket(Shape):
    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_in: int
    needs_token: bool


class PageText(Shape):
    page: int
    page_kind: PageKind
    text: str


class ConversationHead(Shape):
    id: str
    title: str
    created_at: str
    updated_at: str


class ConversationsPage(Shape):
    conversations: list[ConversationHead]
    next: str | None


class TurnShape(Shape):
    question: str
    answer: str
    citations: list[CitationShape]
    withheld: bool
    model: str
    asked_at: str
    request_id: str


class WholeConversation(ConversationHead):
    turns: list[TurnShape]


class IndexShape(Shape):
    name: str
    state: str
    embedder: str
    dimension: int
    chunk_chars: int
    chunk_overlap: int
    documents: int
    missing: int
    chunks: int
    gate: dict[str, object] | None
    created_at: str
    changed_at: str


class IndexesList(Shape):
    indexes: list[IndexShape]


class FeedbackGiven(Shape):
    rating: Literal["up", "down"]


class RetriedDocuments(Shape):
    retried: int


class Probe(Shape):
    status: Literal["ok"]


class Readiness(Shape):
    status: Literal["ok", "degraded", "unavailable", "draining"]
    checks: dict[str, str]
