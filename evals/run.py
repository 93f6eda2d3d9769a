"""Fills an index with a dataset's documents and asks its questions, through the product's own pipelines.

Called by `evals.evaluation`.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace

from evals.datasets import Dataset, read
from evals.question_rows import LabelledQuestion, Source
from evals.scores import Outcome, Reply, scored
from shared.domain import (
    Answer,
    ContextEvent,
    Document,
    DocumentStatus,
    DoneEvent,
    Passage,
    Principal,
    Question,
)
from shared.errors import BackendUnavailable, InvalidRequest
from shared.ingest.documents import SHARED, document_id
from shared.ingest.pipeline import ingest
from shared.query.answer import answer
from shared.query.harmless import plain
from shared.services import Services

READER = Principal(user_id="eval", email="eval@example.org")

_AT_ONCE = 16  # documents, as many as a host works on
_ATTEMPTS = 5  # as the queue makes them
_PATIENCE = 30.0  # seconds between two of them at the most
_RANKED = 50  # passages, for the measures of rankings
_WITHOUT_BOUND = 10**9  # tokens

Advance = Callable[[int], None]


async def fill(dataset: Dataset, services: Services, *, advance: Advance) -> dict[str, str]:
    """Bring the index to hold the dataset and nothing else; why documents failed, by name.

    What it holds already is not touched. `advance` is told the bytes of each document that is done.
    """
    await _remove_others(dataset, services)
    rest = iter(dataset.documents.items())
    failures: dict[str, str] = {}

    async def work() -> None:
        for name, content in rest:
            body = await asyncio.to_thread(read, content)
            failure = await _brought(SHARED + name, body, services)
            if failure is not None:
                failures[name] = failure
            advance(len(body))

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return failures


async def _remove_others(dataset: Dataset, services: Services) -> None:
    wanted = {SHARED + name for name in dataset.documents}
    for name in [blob.name async for blob in services.blobs.list() if blob.name not in wanted]:
        await services.blobs.delete(name)
        await ingest(name, services)


async def _brought(name: str, body: bytes, services: Services) -> str | None:
    """Why it could not be, if so."""
    known = await services.metadata.document(document_id(name))
    if _is_indexed(known) and known.content_hash == hashlib.sha256(body).hexdigest():
        return None
    for attempt in range(_ATTEMPTS):
        try:
            await services.blobs.put(name, _pieces(body), max_size=len(body))
            document = await ingest(name, services)
        except InvalidRequest as error:
            return str(error)
        except BackendUnavailable as error:
            reason = str(error)
            await asyncio.sleep(min(_PATIENCE, error.retry_after or 2.0**attempt))
            continue
        return None if _is_indexed(document) else str(document and document.reason)
    return reason


def _is_indexed(document: Document | None) -> bool:
    return document is not None and document.status is DocumentStatus.INDEXED


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def ask_all(
    dataset: Dataset,
    services: Services,
    *,
    top_k: int,
    at_once: int = 1,
    with_answers: bool = True,
    advance: Advance,
) -> list[Outcome]:
    """In the dataset's order. With more than one `at_once` the times tell of a busy machine."""
    turns = asyncio.Semaphore(at_once)
    names = {document_id(SHARED + name): name for name in dataset.documents}

    async def ask(question: LabelledQuestion) -> Outcome:
        async with turns:
            outcome = await _asked(question, services, names, top_k=top_k, with_answers=with_answers)
            advance(1)
            return outcome

    return list(await asyncio.gather(*map(ask, dataset.questions)))


async def _asked(
    labelled: LabelledQuestion,
    services: Services,
    names: Mapping[str, str],
    *,
    top_k: int,
    with_answers: bool,
) -> Outcome:
    ranking: tuple[Source, ...] = ()
    reply: Reply | None = None
    try:
        question = await _in_conversation(labelled, services, top_k=top_k)
        passages = await _ranked(question, services)
        ranking = tuple((names[each.chunk.document_id], each.chunk.page) for each in passages)
        if with_answers:
            reply = await _reply(question, services, names)
    except BackendUnavailable as error:
        reply = Reply(error=str(error))
    return Outcome(question=labelled, ranking=ranking, reply=reply, values=scored(labelled, ranking, reply))


async def _in_conversation(labelled: LabelledQuestion, services: Services, *, top_k: int) -> Question:
    """Once what goes before it has been asked."""
    conversation: str | None = None
    for earlier in labelled.history:
        asked = Question(text=earlier, conversation_id=conversation, top_k=top_k)
        conversation = (await _done(asked, services)).conversation_id
    return Question(text=labelled.text, conversation_id=conversation, top_k=top_k)


async def _ranked(question: Question, services: Services) -> tuple[Passage, ...]:
    """What an answer would be made from, had its prompt room for all: nothing is answered or remembered."""
    limits = replace(services.limits, max_top_k=_RANKED, context_tokens=_WITHOUT_BOUND)
    events = answer(replace(question, top_k=_RANKED), READER, replace(services, limits=limits))
    async with aclosing(events):
        async for event in events:
            if isinstance(event, ContextEvent):
                return event.passages
    raise AssertionError("an answer begins with its context")


async def _reply(question: Question, services: Services, names: Mapping[str, str]) -> Reply:
    done = await _done(question, services)
    return Reply(
        text=plain(done.text),
        cited=tuple((names[each.document_id], each.page) for each in done.citations),
        timings=dict(done.timings),
        prompt_tokens=done.usage.prompt_tokens,
        completion_tokens=done.usage.completion_tokens,
        degraded=f"{done.degraded}: {done.degraded_reason}" if done.degraded else "",
    )


async def _done(question: Question, services: Services) -> Answer:
    async with aclosing(answer(question, READER, services)) as events:
        async for event in events:
            if isinstance(event, DoneEvent):
                return event.answer
    raise AssertionError("an answer ends with what it came to")
