"""Questions over HTTP: `POST /api/query` (JSON and server-sent events) and `POST /api/search`."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from functions.answers import answer_json, answered, context_json, passage_json, whole
from functions.dependencies import ServicesOf, runtime_of
from functions.event_stream import Wire, comment, encode, streamed, unless_gone
from functions.filters import DocumentIds, FiltersBody
from functions.limits import Asker, Searcher
from shared.domain import (
    AnswerEvent,
    ContextEvent,
    DeltaEvent,
    Filters,
    Question,
    SearchMode,
)
from shared.query import retrieve
from shared.query.answer import check

router = APIRouter(tags=["questions"])


class SearchBody(BaseModel):
    """A question and how to search for its answer."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)

    question: str = Field(min_length=1, max_length=100_000)
    conversation_id: str | None = Field(None, max_length=100)
    top_k: int = Field(8, ge=1, le=50)
    mode: SearchMode = "hybrid"
    filters: FiltersBody | None = None
    document_ids: DocumentIds | None = None  # as among the filters, for clients older than those
    index: str | None = Field(None, max_length=200)  # an administrator's: another than the live one

    def asked(self, model: str | None = None) -> Question:
        narrowed = self.filters or FiltersBody()
        filters = narrowed.asked()
        given = [frozenset(ids) for ids in (self.document_ids, narrowed.document_ids) if ids is not None]
        return Question(
            text=self.question,
            conversation_id=self.conversation_id,
            top_k=self.top_k,
            mode=self.mode,
            document_ids=frozenset.intersection(*given) if given else None,
            filters=None if filters == Filters() else filters,
            index=self.index,
            model=model,
        )


class QueryBody(SearchBody):
    """And which model is to write it."""

    model: str | None = Field(None, max_length=200)  # of `GET /api/v1/models`; None: the host's


@router.post("/api/query")
async def query(
    body: QueryBody,
    request: Request,
    caller: Asker,
) -> Response:
    """Answer with citations: JSON, or server-sent events for `Accept: text/event-stream`."""
    request_id, runtime = request.state.request_id, await runtime_of(request)
    events = answered(body.asked(body.model), caller, runtime, request_id=request_id)
    if "text/event-stream" not in request.headers.get("accept", ""):
        return JSONResponse(answer_json(await unless_gone(whole(events), request.receive), request_id))
    return await streamed(events, request, wire(body.question, request_id))


@router.post("/api/search")
async def search(
    body: SearchBody,
    caller: Searcher,
    services: ServicesOf,
) -> dict[str, Any]:
    """The ranked passages, without a language model."""
    question = body.asked()
    check(question, services)
    found = await retrieve.search(
        question,
        caller,
        index=await retrieve.asked_index(question, caller, services.shelf),
        metadata=services.metadata,
        timeout=services.limits.answer_timeout,
        reranker=services.reranker,
    )
    return {
        "degraded": "text_search" if found.by_words_alone else None,
        "passages": [
            passage_json(passage, question.text) | {"content": passage.chunk.content}
            for passage in found.passages
        ],
    }


def wire(question: str, request_id: str) -> Wire:
    """Server-sent events: `context`, `delta`s, and `done` or `error`."""

    def event(event: AnswerEvent) -> bytes:
        if isinstance(event, ContextEvent):
            return encode("context", context_json(event, question))
        if isinstance(event, DeltaEvent):
            return encode("delta", {"text": event.text})
        return encode("done", answer_json(event.answer, request_id))

    return Wire(
        media_type="text/event-stream",
        heartbeat=comment("heartbeat"),
        event=event,
        problem=lambda problem: encode("error", problem),
    )
