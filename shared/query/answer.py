"""The head of the query pipeline (DESIGN.md §3). Called by the query routes of every dialect."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from shared.chat_models.base import ChatModel
from shared.domain import (
    Answer,
    AnswerEvent,
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
from shared.query import cite, expand, history, prompt, retrieve, rewrite, suggest
from shared.query.answer_cache import AnswerCache, Asked
from shared.query.degrade import Ladder
from shared.query.flights import Reply
from shared.query.reply import Answering
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry.stages import Stages

_MAX_TURNS = 50  # kept of a conversation
_TITLE_CHARS = 80
_NEAREST = 3  # passages that are offered where none carries an answer
_BY_WORDS = "the embedding model is unavailable: the documents were searched by words alone"


@dataclass(frozen=True, kw_only=True)
class _Time:
    """What is left of the request's, in seconds."""

    deadline: float
    first_token: float

    @classmethod
    def begin(cls, services: Services) -> "_Time":
        now, limits = time.monotonic(), services.limits
        return cls(deadline=now + limits.answer_timeout, first_token=now + limits.first_token)

    def left(self) -> float:
        return max(0.1, self.deadline - time.monotonic())

    def to_first_token(self) -> float:
        return max(0.1, self.first_token - time.monotonic())


async def answer(
    question: Question, principal: Principal, services: Services, *, request_id: str = ""
) -> AsyncGenerator[AnswerEvent, None]:
    """One `ContextEvent`, then `DeltaEvent`s, then one `DoneEvent` whose text is the deltas joined.

    Errors: `InvalidRequest`, `NotFound` for a conversation that is not the principal's, and
    `BackendUnavailable` or `BackendTimeout`, in mid-answer too.
    """
    check(question, services)
    clock, stages = _Time.begin(services), Stages()
    with stages.measure("conversation"):
        conversation = await _conversation(question, principal, services)
    index, found = await _found(question, conversation, principal, services, clock=clock, stages=stages)
    with stages.measure("prompt"):
        asked = _prompt(question, found.passages, conversation, services)
    yield ContextEvent(conversation_id=conversation.id, passages=asked.passages)

    answering = _answering(asked, index, services)
    reply = Reply(text=prompt.DONT_KNOW, model=services.chat_model.name)
    if not asked.passages:  # nothing to answer from: no model is asked
        yield DeltaEvent(text=reply.text)
    else:
        with stages.measure("answer"):
            stream = answering.stream(timeout=clock.left(), first_token=clock.to_first_token())
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    yield DeltaEvent(text=delta.text)
        reply = answering.reply

    done = _done(reply, answering, conversation, found.by_words_alone)
    with stages.measure("follow_ups"):
        done = replace(done, follow_ups=await _follow_ups(question, done, asked, services, clock))
    with stages.measure("record"):
        await _record(question, done, conversation, services, request_id)
    yield DoneEvent(answer=replace(done, timings=stages.timings()))


def check(question: Question, services: Services) -> None:
    """Errors: `InvalidRequest`."""
    limits = services.limits
    if not question.text.strip():
        raise InvalidRequest("the question is empty")
    if len(question.text) > limits.max_question_chars:
        raise InvalidRequest(f"the question is longer than {limits.max_question_chars} characters")
    if not 1 <= question.top_k <= limits.max_top_k:
        raise InvalidRequest(f"top_k must be between 1 and {limits.max_top_k}")


def language_model(services: Services) -> ChatModel | None:
    """What writes anything but answers, if there is one: the smaller deployment before the other."""
    if services.chat_model is services.fallback_chat_model:
        return None  # it can only quote
    return services.smaller_chat_model or services.chat_model


async def _conversation(question: Question, principal: Principal, services: Services) -> Conversation:
    """With those of its turns that the principal may still be told. Errors: `NotFound`."""
    if question.conversation_id is not None:
        found = await services.metadata.conversation(question.conversation_id, principal.user_id)
        if found is None:
            raise NotFound("there is no such conversation")
        return replace(found, turns=await history.readable(found.turns, principal, services.metadata))
    now = time.time()
    return Conversation(
        id=str(uuid4()),
        user_id=principal.user_id,
        title=" ".join(question.text.split())[:_TITLE_CHARS],
        created_at=now,
        updated_at=now,
        turns=question.history,
    )


async def _found(
    question: Question,
    conversation: Conversation,
    principal: Principal,
    services: Services,
    *,
    clock: _Time,
    stages: Stages,
) -> tuple[OpenIndex, retrieve.Found]:
    limits, model = services.limits, language_model(services)
    with stages.measure("rewrite"):
        searched = await rewrite.standalone(
            question.text,
            conversation.turns,
            model=model if limits.rewrites else None,
            timeout=clock.to_first_token() / 2,
            history_tokens=limits.history_tokens,
            count_tokens=services.count_tokens,
        )
        queries = await expand.queries(
            searched, kind=limits.expansion, model=model, timeout=clock.to_first_token() / 2
        )
    with stages.measure("retrieve"):
        index = await retrieve.asked_index(question, principal, services.shelf)
        return index, await retrieve.search(
            replace(question, text=searched),
            principal,
            index=index,
            metadata=services.metadata,
            timeout=clock.left(),
            neighbours=limits.neighbours,
            queries=queries,
            reranker=services.reranker,
        )


def _prompt(
    question: Question, passages: tuple[Passage, ...], conversation: Conversation, services: Services
) -> Prompt:
    limits = services.limits
    return prompt.build(
        question.text,
        passages,
        conversation.turns,
        context_tokens=limits.context_tokens,
        history_tokens=limits.history_tokens,
        answer_tokens=limits.answer_tokens,
        count_tokens=services.count_tokens,
    )


def _answering(prompted: Prompt, index: OpenIndex, services: Services) -> Answering:
    asked = Asked(prompt=prompted, index=index.name, model=services.chat_model.name)
    answers = AnswerCache(services.cache, services.limits.answer_ttl)
    known = frozenset(passage.marker for passage in prompted.passages)
    ladder = Ladder(
        chat_model=services.chat_model,
        smaller=services.smaller_chat_model,
        fallback=services.fallback_chat_model,
        cached=partial(answers.still_true, asked, services.metadata),
        shape=partial(cite.grounded, known=known, instead=prompt.DONT_KNOW),
    )
    return Answering(asked=asked, ladder=ladder, answers=answers, flights=services.flights)


def _done(reply: Reply, answering: Answering, conversation: Conversation, by_words_alone: bool) -> Answer:
    asked, is_made = answering.asked, answering.cache in ("miss", "off")
    citations = cite.citations(reply.text, asked.prompt.passages)
    return Answer(
        text=reply.text,
        citations=citations,
        conversation_id=conversation.id,
        model=reply.model,
        index=asked.index,
        usage=reply.usage if is_made else Usage(),
        saved=Usage() if is_made else reply.usage,
        timings=(),
        degraded=reply.degraded or ("text_search" if by_words_alone else None),
        degraded_reason=reply.reason or (_BY_WORDS if by_words_alone else None),
        nearest=() if citations else asked.prompt.passages[:_NEAREST],
        cache=answering.cache,
    )


async def _follow_ups(
    question: Question, done: Answer, asked: Prompt, services: Services, clock: _Time
) -> tuple[str, ...]:
    if not (services.limits.follow_ups and done.citations):
        return ()
    return await suggest.follow_ups(
        question.text,
        done.text,
        asked.passages,
        model=None if done.degraded else language_model(services),
        count=services.limits.follow_ups,
        timeout=clock.left(),
        count_tokens=services.count_tokens,
    )


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
