"""Bugs that would leak, each planted by replacing one function of the product while stories are told."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from functions import chat_protocol, content, dependencies, documents, summary
from shared.domain import ContextEvent, Passage, SearchQuery
from shared.errors import NotFound
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.query import answer, history, reply, retrieve, search_queries, suggest
from shared.query.answer_cache import AnswerCache
from shared.query.flights import Flights, Reply
from shared.telemetry.logs import event

Planting = Callable[[pytest.MonkeyPatch], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plant:
    name: str
    plant: Planting
    is_gullible: bool = False  # found only where no index stands in front of it
    has_twin: bool = False  # found only beside a world without what is foreign


def replaced(place: Any, name: str, defect: Any) -> Planting:
    return lambda patch: patch.setattr(place, name, defect)


async def every_passage(index: Any, metadata: Any) -> tuple[Passage, ...]:
    """Of all documents, whoever asks."""
    query = SearchQuery(text="pumps", embedding=None, top_k=100, readers=None, mode="text")
    hits = await index.search(query)
    known = await metadata.documents([hit.chunk.document_id for hit in hits])
    return tuple(
        Passage(marker=n, chunk=hit.chunk, document_name=document.name, page_kind="page", score=hit.score)
        for n, hit in enumerate(hits, start=1)
        if (document := known.get(hit.chunk.document_id)) is not None
    )


def stream_unfiltered(patch: pytest.MonkeyPatch) -> None:
    streamed = chat_protocol.streamed

    async def leaky(events: Any, request: Any, wire: Any) -> Any:
        services = await request.app.state.runtime.services()
        index = (await services.shelf.live()).search_index

        async def unfiltered() -> AsyncIterator[Any]:
            async for each in events:
                if isinstance(each, ContextEvent):
                    yield replace(each, passages=await every_passage(index, services.metadata))
                else:
                    yield each

        return await streamed(unfiltered(), request, wire)

    patch.setattr(chat_protocol, "streamed", leaky)


def suggestions_of_all(patch: pytest.MonkeyPatch) -> None:
    """What others were just answered from is suggested from, too."""
    follow_ups = suggest.follow_ups
    answered: WeakKeyDictionary[Any, list[Passage]] = WeakKeyDictionary()  # in each world

    async def leaky(question: str, text: str, passages: Any, **more: Any) -> Any:
        seen = answered.setdefault(asyncio.get_running_loop(), [])
        seen.extend(passages)
        return await follow_ups(question, text, seen[-8:], **more)

    patch.setattr(suggest, "follow_ups", leaky)


def error_that_names(write: Callable[[str], str]) -> Planting:
    def plant(patch: pytest.MonkeyPatch) -> None:
        visible = documents.visible

        async def leaky(document_id: str, caller: Any, services: Any) -> Any:
            try:
                return await visible(document_id, caller, services)
            except NotFound as error:
                found = await services.metadata.document(document_id)
                raise NotFound(
                    f"not shared with you: {write(found.name)}" if found else str(error)
                ) from error

        patch.setattr(documents, "visible", leaky)

    return plant


def question_in_the_log(patch: pytest.MonkeyPatch) -> None:
    check = answer.check

    def leaky(question: Any, services: Any) -> None:
        event(log, "asked", text=question.text)
        check(question, services)

    patch.setattr(answer, "check", leaky)


def groups_remembered(patch: pytest.MonkeyPatch) -> None:
    standing = SqliteMetadataStore.standing
    known: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    async def leaky(store: Any, user_id: str) -> Any:
        found = await standing(store, user_id)
        if found is None:
            return None
        return replace(found, groups=known.setdefault(store, {}).setdefault(user_id, found.groups))

    patch.setattr(SqliteMetadataStore, "standing", leaky)


def disabled_goes_on(patch: pytest.MonkeyPatch) -> None:
    standing = SqliteMetadataStore.standing
    known: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    async def leaky(store: Any, user_id: str) -> Any:
        users = known.setdefault(store, {})
        users[user_id] = await standing(store, user_id) or users.get(user_id)
        return users[user_id]

    patch.setattr(SqliteMetadataStore, "standing", leaky)


def old_versions_shown(patch: pytest.MonkeyPatch) -> None:
    authorised = retrieve.authorised

    def leaky(hits: Any, known: Any, principal: Any, *, index: str, filters: Any = None) -> Any:
        current = [
            replace(hit, chunk=replace(hit.chunk, version=known[hit.chunk.document_id].version_in(index)))
            for hit in hits
            if hit.chunk.document_id in known
        ]
        return authorised(current, known, principal, index=index, filters=filters)

    patch.setattr(retrieve, "authorised", leaky)


def neighbours_unchecked(patch: pytest.MonkeyPatch) -> None:
    async def leaky(passages: Any, index: Any, reach: int) -> Any:
        around = [await index.neighbours(each.chunk.id, before=reach, after=reach) for each in passages[:1]]
        more = [replace(passages[0], chunk=each.chunk) for found in around for each in found]
        return [*passages, *more]

    patch.setattr(retrieve, "with_neighbours", leaky)


def unshare_forgotten(patch: pytest.MonkeyPatch) -> None:
    set_readers = SqliteMetadataStore.set_readers

    async def leaky(store: Any, document_id: str, readers: Any, *, now: float) -> Any:
        found = await store.document(document_id)
        return await set_readers(store, document_id, readers | found.readers, now=now)

    patch.setattr(SqliteMetadataStore, "set_readers", leaky)


def answers_by_question_alone(patch: pytest.MonkeyPatch) -> None:
    async def leaky(cache: Any, asked: Any) -> Reply | None:
        entry = await cache._entry(asked.loose_key)
        return None if entry is None else Reply(text=entry.text, model=entry.model, usage=entry.usage)

    patch.setattr(AnswerCache, "get", leaky)


def conversations_of_all(patch: pytest.MonkeyPatch) -> None:
    conversation = SqliteMetadataStore.conversation

    async def leaky(store: Any, conversation_id: str, user_id: str) -> Any:
        for user in [user_id, *(each.id for each in await store.list_users())]:
            if (found := await conversation(store, conversation_id, user)) is not None:
                return found
        return None

    patch.setattr(SqliteMetadataStore, "conversation", leaky)


async def all_turns(turns: Any, principal: Any, metadata: Any) -> Any:
    return tuple(turns)


async def whatever_there_is(document_id: str, caller: Any, services: Any) -> Any:
    found = await services.metadata.document(document_id)
    if found is None:
        raise NotFound("there is no such document")
    return found


PLANTS = [
    Plant(
        name="hits are not checked",
        plant=replaced(retrieve, "may_read", lambda principal, document: True),
        is_gullible=True,
    ),
    Plant(
        name="the index is not told who asks",
        plant=replaced(search_queries, "filter_for", lambda principal: None),
        has_twin=True,
    ),
    Plant(name="old versions are shown", plant=old_versions_shown, is_gullible=True),
    Plant(name="neighbours are not checked", plant=neighbours_unchecked, is_gullible=True),
    Plant(name="one dialect streams all passages", plant=stream_unfiltered),
    Plant(
        name="answers are remembered without rights",
        plant=replaced(reply.Asked, "key", property(lambda asked: f"answer:{asked.prompt.question}")),
    ),
    Plant(name="answers outlive what they are made of", plant=answers_by_question_alone),
    Plant(
        name="answers on their way are shared with all",
        plant=replaced(Flights, "find", lambda flights, key: next(iter(flights._flights.values()), None)),
    ),
    Plant(
        name="turns are not checked", plant=replaced(history, "may_read", lambda principal, document: True)
    ),
    Plant(name="follow-ups see withheld turns", plant=replaced(history, "readable", all_turns)),
    Plant(name="conversations are everybody's", plant=conversations_of_all),
    Plant(name="suggestions are made of others' passages", plant=suggestions_of_all),
    Plant(name="files are open to all", plant=replaced(content, "readable", whatever_there_is)),
    Plant(name="lists have everything", plant=replaced(documents, "filter_for", lambda caller: None)),
    Plant(
        name="counts have everything",
        plant=replaced(summary, "filter_for", lambda caller: None),
        has_twin=True,
    ),
    Plant(name="errors name what is hidden", plant=error_that_names(str)),
    Plant(
        name="errors name what is hidden in base64",
        plant=error_that_names(lambda name: base64.b64encode(name.encode()).decode()),
    ),
    Plant(name="questions are logged", plant=question_in_the_log),
    Plant(name="groups are remembered for ever", plant=groups_remembered),
    Plant(name="disabled accounts go on", plant=disabled_goes_on),
    Plant(name="un-sharing is forgotten", plant=unshare_forgotten),
    Plant(
        name="scopes are ignored",
        plant=replaced(dependencies, "within_scope", lambda caller, request: caller),
    ),
]
