"""The head of the query pipeline (DESIGN.md §3). Called by the query routes of every dialect."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

from shared.domain import (
    Answer,
    AnswerEvent,
    ChatDelta,
    ContextEvent,
    Conversation,
    DeltaEvent,
    DoneEvent,
    Passage,
    Principal,
    Prompt,
    Question,
    Turn,
    Usage,
)
from shared.errors import InvalidRequest, NotFound
from shared.query import cite, prompt, retrieve, rewrite
from shared.query.degrade import Ladder
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry.stages import Stages

_MAX_TURNS = 50  # kept of a conversation
_TITLE_CHARS = 80


async def answer(
    question: Question, principal: Principal, services: Services, *, request_id: str = ""
) -> AsyncGenerator[AnswerEvent, None]:
    """One `ContextEvent`, then `DeltaEvent`s, then one `DoneEvent` whose text is the deltas joined.

    Errors: `InvalidRequest`, `NotFound` for a conversation that is not the principal's, and
    `BackendUnavailable` or `BackendTimeout`, in mid-answer too.
    """
    check(question, services)
    deadline, stages = time.monotonic() + services.limits.answer_timeout, Stages()
    conversation = await _conversation(question, principal, services)
    with stages.measure("retrieve"):
        index, passages = await _passages(question, conversation, principal, services, deadline)
    asked = _prompt(question, passages, conversation, services)
    yield ContextEvent(conversation_id=conversation.id, passages=asked.passages)

    ladder = _ladder(services)
    text, usage = "", Usage()
    with stages.measure("answer"):
        async with aclosing(_deltas(asked, ladder, deadline)) as deltas:
            async for delta in deltas:
                usage = delta.usage or usage
                if delta.text:
                    text += delta.text
                    yield DeltaEvent(text=delta.text)

    done = Answer(
        text=text,
        citations=cite.citations(text, asked.passages),
        conversation_id=conversation.id,
        model=ladder.model,
        index=index.name,
        usage=usage,
        timings=stages.timings(),
        degraded=ladder.degraded,
        degraded_reason=ladder.reason,
    )
    await _record(question, done, conversation, services, request_id)
    yield DoneEvent(answer=done)


def check(question: Question, services: Services) -> None:
    """Errors: `InvalidRequest`."""
    limits = services.limits
    if not question.text.strip():
        raise InvalidRequest("the question is empty")
    if len(question.text) > limits.max_question_chars:
        raise InvalidRequest(f"the question is longer than {limits.max_question_chars} characters")
    if not 1 <= question.top_k <= limits.max_top_k:
        raise InvalidRequest(f"top_k must be between 1 and {limits.max_top_k}")


async def _conversation(question: Question, principal: Principal, services: Services) -> Conversation:
    if question.conversation_id is not None:
        found = await services.metadata.conversation(question.conversation_id, principal.user_id)
        if found is None:
            raise NotFound("there is no such conversation")
        return found
    now = time.time()
    title = " ".join(question.text.split())[:_TITLE_CHARS]
    return Conversation(
        id=str(uuid4()),
        user_id=principal.user_id,
        title=title,
        created_at=now,
        updated_at=now,
        turns=question.history,
    )


async def _passages(
    question: Question,
    conversation: Conversation,
    principal: Principal,
    services: Services,
    deadline: float,
) -> tuple[OpenIndex, list[Passage]]:
    index = await retrieve.asked_index(question, principal, services.shelf)
    return index, await retrieve.search(
        replace(question, text=rewrite.standalone(question.text, conversation.turns)),
        principal,
        index=index,
        metadata=services.metadata,
        timeout=deadline - time.monotonic(),
    )


def _prompt(
    question: Question, passages: list[Passage], conversation: Conversation, services: Services
) -> Prompt:
    return prompt.build(
        question.text,
        passages,
        conversation.turns,
        context_tokens=services.limits.context_tokens,
        answer_tokens=services.limits.answer_tokens,
        count_tokens=services.count_tokens,
    )


def _ladder(services: Services) -> Ladder:
    return Ladder(
        chat_model=services.chat_model,
        smaller=services.smaller_chat_model,
        fallback=services.fallback_chat_model,
    )


async def _deltas(asked: Prompt, ladder: Ladder, deadline: float) -> AsyncGenerator[ChatDelta, None]:
    if not asked.passages:  # nothing to answer from: no model is asked
        yield ChatDelta(text=prompt.DONT_KNOW)
        return
    known = frozenset(passage.marker for passage in asked.passages)
    timeout = max(0.1, deadline - time.monotonic())
    async with aclosing(ladder.stream(asked, timeout=timeout)) as stream:
        async for delta in cite.checked(stream, known):
            yield delta


async def _record(
    question: Question, done: Answer, conversation: Conversation, services: Services, request_id: str
) -> None:
    turn = Turn(
        question=question.text,
        answer=done.text,
        citations=done.citations,
        asked_at=time.time(),
        request_id=request_id,
    )
    await services.metadata.add_turn(
        conversation.id, conversation.user_id, turn, title=conversation.title, max_turns=_MAX_TURNS
    )
