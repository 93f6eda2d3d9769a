"""Answers as every dialect serves them, and their JSON. Used by all routes that answer or show answers."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi.exceptions import RequestValidationError

from functions.dependencies import Runtime
from functions.load_shedding import passages_found
from shared.domain import (
    Answer,
    AnswerEvent,
    Citation,
    ContextEvent,
    DeltaEvent,
    DoneEvent,
    Passage,
    Principal,
    Question,
    Usage,
)
from shared.errors import InvalidRequest
from shared.ingest.documents import display_name
from shared.query import choice, cite
from shared.query.answer import answer
from shared.query.prompt import DONT_KNOW
from shared.services import Services
from shared.telemetry import traces
from shared.telemetry.metrics import Outcome
from shared.telemetry.origin import origin


async def answered(
    question: Question, caller: Principal, runtime: Runtime, *, request_id: str
) -> AsyncGenerator[AnswerEvent, None]:
    """The events of an answer, counted and timed in the metrics, and charged to the caller: one that breaks
    off too, by an estimate of what it has come to."""
    arrived_at = origin.get().arrived_at or time.perf_counter()
    services = _chosen(question.model, await runtime.services())
    found: ContextEvent | None = None
    done: Answer | None = None
    said = ""
    try:
        async with aclosing(answer(question, caller, services, request_id=request_id)) as events:
            async for event in events:
                if isinstance(event, ContextEvent):
                    found = event
                    passages_found()
                elif isinstance(event, DeltaEvent):
                    if not said:
                        runtime.metrics.first_word_said(time.perf_counter() - arrived_at)
                    said += event.text
                else:
                    done = event.answer
                    traces.current.get().set(_told(done))
                    runtime.metrics.question_answered(
                        degraded=done.degraded,
                        outcome=outcome_of(done),
                        cache=done.cache,
                        timings=done.timings,
                    )
                yield event
    finally:
        if done is None and found is not None and found.passages:
            done = _broken_off(question, found, said, services)
        if done is not None:
            runtime.ledger.record(caller.user_id, done)


def _chosen(name: str | None, services: Services) -> Services:
    """Errors: `RequestValidationError`."""
    try:
        return choice.with_model(name, services)
    except InvalidRequest as error:
        fault = {"type": "value_error", "loc": ("body", "model"), "msg": str(error)}
        raise RequestValidationError([fault]) from error


def outcome_of(done: Answer) -> Outcome:
    """Of what the model says, what cites nothing is not shown: `uncited` is a model out of hand."""
    if done.citations:
        return "cited"
    return "unknown" if done.text == DONT_KNOW else "uncited"


def _told(done: Answer) -> traces.Attributes:
    return {
        "rag.outcome": outcome_of(done),
        "rag.degraded": done.degraded or "none",
        "rag.cache": done.cache,
        "rag.index": done.index,
    }


def _broken_off(question: Question, found: ContextEvent, said: str, services: Services) -> Answer:
    read = [question.text, *(passage.chunk.content for passage in found.passages)]
    spent = Usage(
        prompt_tokens=sum(map(services.count_tokens, read)), completion_tokens=services.count_tokens(said)
    )
    return Answer(
        text=said,
        citations=(),
        conversation_id=found.conversation_id,
        model=services.chat_model.name,
        index="",
        usage=Usage() if choice.is_to_quote(question.model, services) else spent,
        timings=(),
    )


async def whole(events: AsyncGenerator[AnswerEvent, None]) -> Answer:
    """The answer that the events end in."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, DoneEvent):
                return event.answer
    raise AssertionError("an answer ends in a DoneEvent")


def answer_json(answer: Answer, request_id: str) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "citations": [citation_json(citation) for citation in answer.citations],
        "conversation_id": answer.conversation_id,
        "degraded": answer.degraded,
        "degraded_reason": answer.degraded_reason,
        "model": answer.model,
        "cached": answer.cache in ("hit", "shared"),
        "index": answer.index,
        "nearest": [citation_json(citation) for citation in answer.nearest],
        "follow_ups": list(answer.follow_ups),
        "usage": {
            "prompt_tokens": answer.usage.prompt_tokens,
            "completion_tokens": answer.usage.completion_tokens,
        },
        "timings": dict(answer.timings),
        "request_id": request_id,
    }


def context_json(event: ContextEvent, question: str) -> dict[str, Any]:
    return {
        "conversation_id": event.conversation_id,
        "passages": [passage_json(passage, question) for passage in event.passages],
    }


def passage_json(passage: Passage, question: str) -> dict[str, Any]:
    """A passage looks like the citation it may become."""
    return citation_json(cite.citation(passage, question))


def citation_json(citation: Citation) -> dict[str, Any]:
    return {
        "marker": citation.marker,
        "document_id": citation.document_id,
        "document": display_name(citation.document),
        "page": citation.page,
        "page_kind": citation.page_kind,
        "snippet": citation.snippet,
        "url": citation.url,
        "score": round(citation.score, 6),
    }
