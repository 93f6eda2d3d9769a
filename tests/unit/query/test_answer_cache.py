"""An answer is found again by exactly what was asked, on whose rights, and by nothing less."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.caches.sqlite import SqliteCache
from shared.domain import Chunk, Document, DocumentStatus, Message, Passage, Prompt, Usage
from shared.query.answer_cache import AnswerCache, Asked
from shared.query.flights import Reply
from tests.stand_ins.half_broken import HalfBroken, answers

REPLY = Reply(text="Two years [1], or three [2].", model="big", usage=Usage(prompt_tokens=9))


def passage(marker: int, document: str = "terms", *, version: int = 1, rights: str = "everyone") -> Passage:
    chunk = Chunk(
        id=f"{document}.{version}.{marker}",
        document_id=document,
        version=version,
        ordinal=marker,
        page=marker,
        title="Terms",
        heading="",
        content=f"content {marker}",
    )
    return Passage(
        marker=marker,
        chunk=chunk,
        document_name="shared/terms.txt",
        page_kind="page",
        score=1.0,
        rights=frozenset({rights}),
    )


def asked(
    *passages: Passage, index: str = "i-v1", model: str = "big", talk: str = "", ask: str = "How long?"
) -> Asked:
    messages = [
        Message(role="system", content=f"Answer. {[each.chunk.content for each in passages]}"),
        *([Message(role="user", content=talk)] if talk else []),
        Message(role="user", content=ask),
    ]
    prompt = Prompt(question=ask, passages=passages, messages=tuple(messages), max_tokens=100)
    return Asked(prompt=prompt, index=index, model=model)


ASKED = asked(passage(1), passage(2))


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[SqliteCache]:
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    yield cache
    await cache.close()


@pytest.fixture
def store(cache: SqliteCache) -> AnswerCache:
    return AnswerCache(cache, ttl=60)


async def test_the_same_question_of_the_same_passages_is_answered_from_the_cache(store: AnswerCache) -> None:
    assert await store.get(ASKED) is None
    await store.keep(ASKED, REPLY)
    assert await store.get(asked(passage(1), passage(2))) == REPLY


@pytest.mark.parametrize(
    "other",
    [
        asked(passage(1), passage(2), ask="How wide?"),
        asked(passage(1), passage(2), talk="Something before"),
        asked(passage(1), passage(2), index="i-v2"),
        asked(passage(1), passage(2), model="small"),
        asked(passage(1), passage(2, version=2)),
        asked(passage(1), passage(2, rights="user:ada")),
        asked(passage(1), passage(2, document="other")),
        asked(passage(2), passage(1)),
        asked(passage(1)),
    ],
)
async def test_whatever_else_is_asked_finds_nothing(store: AnswerCache, other: Asked) -> None:
    await store.keep(ASKED, REPLY)
    assert await store.get(other) is None


async def test_an_answer_that_stands_in_for_a_better_one_is_not_kept(store: AnswerCache) -> None:
    await store.keep(ASKED, dataclasses.replace(REPLY, degraded="smaller_model"))
    assert await store.get(ASKED) is None


async def test_nothing_is_kept_where_answers_are_not_to_be_remembered(cache: SqliteCache) -> None:
    await AnswerCache(cache, ttl=60).keep(ASKED, REPLY)
    off = AnswerCache(cache, ttl=0)
    assert await off.get(ASKED) is None
    assert off.outcome_of_none == "off"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"text": "x"}',
        b'{"text": "x", "model": "m", "usage": {"a": 1}, "chunks": {}, "documents": {}}',
    ],
)
async def test_an_entry_that_cannot_be_read_is_none(cache: SqliteCache, rubbish: bytes) -> None:
    assert await AnswerCache(HalfBroken(cache, get=answers(rubbish)), ttl=60).get(ASKED) is None


# -- when no model can be asked ------------------------------------------------------------------


def document(name: str = "terms", **change: object) -> Document:
    made = Document(
        id=name,
        name=f"shared/{name}.txt",
        owner_id=None,
        readers=frozenset({"everyone"}),
        status=DocumentStatus.INDEXED,
        current_version=1,
        held=(("i-v1", 1),),
    )
    return dataclasses.replace(made, **change)  # type: ignore[arg-type]


class Documents:
    def __init__(self, *documents: Document) -> None:
        self._documents = {each.id: each for each in documents}

    async def documents(self, ids: list[str]) -> dict[str, Document]:
        return {name: self._documents[name] for name in ids if name in self._documents}


NEW = passage(1, "news")
LATER = asked(NEW, dataclasses.replace(passage(2), marker=3), dataclasses.replace(passage(1), marker=2))


async def test_an_earlier_answer_holds_with_todays_markers(store: AnswerCache) -> None:
    await store.keep(ASKED, REPLY)
    assert await store.get(LATER) is None
    found = await store.still_true(LATER, Documents(document()))  # type: ignore[arg-type]
    assert found is not None
    assert found.text == "Two years [2], or three [3]."
    assert found.model == REPLY.model


async def test_an_earlier_answer_of_another_model_is_another_one(store: AnswerCache) -> None:
    await store.keep(ASKED, REPLY)
    other = dataclasses.replace(LATER, model="another")
    assert await store.still_true(other, Documents(document())) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "now",
    [
        None,
        document(status=DocumentStatus.DELETED, current_version=0),
        document(held=(("i-v1", 2),), current_version=2),
        document(readers=frozenset({"user:ada"})),
        document(held=()),
    ],
    ids=["gone", "deleted", "new version", "un-shared", "not in this index"],
)
async def test_an_earlier_answer_no_longer_holds(store: AnswerCache, now: Document | None) -> None:
    await store.keep(ASKED, REPLY)
    documents = Documents(*([now] if now else []))
    assert await store.still_true(LATER, documents) is None  # type: ignore[arg-type]


async def test_an_earlier_answer_needs_the_passages_it_cites(store: AnswerCache) -> None:
    await store.keep(ASKED, REPLY)
    without = asked(NEW, dataclasses.replace(passage(1), marker=2))
    assert await store.still_true(without, Documents(document())) is None  # type: ignore[arg-type]


async def test_an_earlier_answer_that_cites_nothing_is_no_help(store: AnswerCache) -> None:
    await store.keep(ASKED, dataclasses.replace(REPLY, text="I don't know."))
    assert await store.still_true(LATER, Documents(document())) is None  # type: ignore[arg-type]


async def test_an_earlier_answer_in_another_conversation_is_another_one(store: AnswerCache) -> None:
    await store.keep(ASKED, REPLY)
    other = asked(passage(1), passage(2), talk="Something before")
    assert await store.still_true(other, Documents(document())) is None  # type: ignore[arg-type]


async def test_an_uncited_document_that_was_unshared_takes_the_answer_along(store: AnswerCache) -> None:
    made_from = asked(passage(1), passage(2, "secret"))
    await store.keep(made_from, dataclasses.replace(REPLY, text="Two years [1]."))
    hidden = document("secret", readers=frozenset({"user:ada"}))
    later = asked(NEW, dataclasses.replace(passage(1), marker=2))
    assert await store.still_true(later, Documents(document(), hidden)) is None  # type: ignore[arg-type]
