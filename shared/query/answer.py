"""The head of the query pipeline (DESIGN.md §3). Called by the query routes of every dialect."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

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
from shared.query import choice, cite, expand, history, prompt, retrieve, rewrite, suggest
from shared.query.answer_cache import AnswerCache, Asked
from shared.query.aside import Metered
from shared.query.degrade import Ladder
from shared.query.flights import Reply
from shared.query.reply import Answering
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry.stages import Stages

_MAX_TURNS = 50  # kept of a conversation
_TITLE_CHARS = 80
_LEAST = 0.1  # seconds that each stage gets, however late it is


async def answer(
    question: Question, principal: Principal, services: Services, *, request_id: str = ""
) -> AsyncGenerator[AnswerEvent, None]:
    """One `ContextEvent`, then `DeltaEvent`s, then one `DoneEvent` whose text is the deltas joined.

    Errors: `InvalidRequest`, `NotFound` for a conversation that is not the principal's, and
    `BackendUnavailable` or `BackendTimeout`, in mid-answer too.
    """
    check(question, services)
    services = choice.with_model(question.model, services)
    asking = _Asking.begin(question, principal, services)
    stages = asking.stages
    with stages.measure("conversation"):
        conversation = await asking.conversation()
    index, found = await asking.found(conversation)
    with stages.measure("prompt"):
        asked = asking.prompt(found.passages, conversation)
    yield ContextEvent(conversation_id=conversation.id, passages=asked.passages)

    answering = asking.answering(asked, index)
    reply = Reply(text=prompt.DONT_KNOW, model=services.chat_model.name)
    if not asked.passages:  # nothing to answer from: no model is asked
        yield DeltaEvent(text=reply.text)
    else:
        with stages.measure("answer", is_current=False):  # others run between two of its words
            stream = answering.stream(timeout=asking.left(), first_token=asking.to_first_token())
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    yield DeltaEvent(text=delta.text)
        reply = answering.reply

    if choice.is_to_quote(question.model, services):
        reply = replace(reply, usage=Usage())
    done = answering.answer(reply, conversation.id, by_words_alone=found.by_words_alone)
    with stages.measure("follow_ups"):
        done = await asking.with_follow_ups(done, asked)
    with stages.measure("record"):
        await asking.record(done, conversation, request_id)
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


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """One question on its way, with what is left of its time."""

    question: Question
    principal: Principal
    services: Services
    model: Metered | None  # for all but the answer, where there is one: the smaller before the other
    stages: Stages
    deadline: float
    first_token: float

    @classmethod
    def begin(cls, question: Question, principal: Principal, services: Services) -> "_Asking":
        can_write = services.chat_model is not services.fallback_chat_model  # which only quotes
        model = services.smaller_chat_model or services.chat_model
        now = time.monotonic()
        return cls(
            question=question,
            principal=principal,
            services=services,
            model=Metered(model) if can_write else None,
            stages=Stages("query"),
            deadline=now + services.limits.answer_timeout,
            first_token=now + services.limits.first_token,
        )

    def left(self) -> float:
        return max(_LEAST, self.deadline - time.monotonic())

    def to_first_token(self) -> float:
        return max(_LEAST, self.first_token - time.monotonic())

    async def conversation(self) -> Conversation:
        """With those of its turns that the principal may still be told. Errors: `NotFound`."""
        question, metadata = self.question, self.services.metadata
        if question.conversation_id is not None:
            found = await metadata.conversation(question.conversation_id, self.principal.user_id)
            if found is None:
                raise NotFound("there is no such conversation")
            return replace(found, turns=await history.readable(found.turns, self.principal, metadata))
        now = time.time()
        return Conversation(
            id=str(uuid4()),
            user_id=self.principal.user_id,
            title=" ".join(question.text.split())[:_TITLE_CHARS],
            created_at=now,
            updated_at=now,
            turns=question.history,
        )

    async def found(self, conversation: Conversation) -> tuple[OpenIndex, retrieve.Found]:
        services, limits = self.services, self.services.limits
        with self.stages.measure("rewrite"):
            searched = await rewrite.standalone(
                self.question.text,
                conversation.turns,
                model=self.model if limits.rewrites else None,
                timeout=self.to_first_token() / 2,
                history_tokens=limits.history_tokens,
                count_tokens=services.count_tokens,
            )
            queries = await expand.queries(
                searched, kind=limits.expansion, model=self.model, timeout=self.to_first_token() / 2
            )
        with self.stages.measure("retrieve"):
            index = await retrieve.asked_index(self.question, self.principal, services.shelf)
            return index, await retrieve.search(
                replace(self.question, text=searched),
                self.principal,
                index=index,
                metadata=services.metadata,
                timeout=self.left(),
                neighbours=limits.neighbours,
                queries=queries,
                reranker=services.reranker,
            )

    def prompt(self, passages: tuple[Passage, ...], conversation: Conversation) -> Prompt:
        limits = self.services.limits
        return prompt.build(
            self.question.text,
            passages,
            conversation.turns,
            context_tokens=limits.context_tokens,
            history_tokens=limits.history_tokens,
            answer_tokens=limits.answer_tokens,
            count_tokens=self.services.count_tokens,
        )

    def answering(self, prompted: Prompt, index: OpenIndex) -> Answering:
        services = self.services
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
        return Answering(
            asked=asked,
            ladder=ladder,
            answers=answers,
            flights=services.flights,
            link_hosts=services.limits.link_hosts,
        )

    async def with_follow_ups(self, done: Answer, asked: Prompt) -> Answer:
        """And with what the questions beside the answer have cost."""
        follow_ups = await suggest.follow_ups(
            self.question.text,
            done.text,
            asked.passages,
            model=self.model if done.citations and not done.degraded else None,
            count=self.services.limits.follow_ups,
            timeout=self.left(),
            count_tokens=self.services.count_tokens,
        )
        usage = done.usage + self.model.usage if self.model else done.usage
        return replace(done, follow_ups=follow_ups, usage=usage)

    async def record(self, done: Answer, conversation: Conversation, request_id: str) -> None:
        limits, count_tokens = self.services.limits, self.services.count_tokens
        told = prompt.recent(conversation.turns, tokens=limits.history_tokens, count_tokens=count_tokens)
        turn = Turn(
            question=self.question.text,
            answer=done.text,
            citations=done.citations,
            asked_at=time.time(),
            request_id=request_id,
            leans_on=tuple(sorted(history.sources(told))) if done.citations else (),
            model=done.model,
        )
        await self.services.metadata.add_turn(
            conversation.id, conversation.user_id, turn, title=conversation.title, max_turns=_MAX_TURNS
        )
