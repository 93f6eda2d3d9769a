"""What every metadata store promises about conversations and feedback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from shared.domain import Citation, Conversation, Feedback, Turn
from shared.errors import BackendUnavailable
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


def turn(number: int) -> Turn:
    citation = Citation(
        marker=1,
        document_id="d",
        document="shared/a.md",
        page=number,
        page_kind="slide",
        snippet="„quoted“ \0 🦊",
        url="/d#page=1",
        score=0.5,
    )
    return Turn(
        question=f"question {number}?",
        answer="because [1]",
        citations=(citation,),
        asked_at=float(number),
        request_id=f"r{number}",
        leans_on=("earlier", "earliest"),
    )


async def add(store: MetadataStore, conversation_id: str, number: int, *, user_id: str = "ann") -> bool:
    return await store.add_turn(conversation_id, user_id, turn(number), title=f"title {number}", max_turns=3)


async def test_turns_are_appended_under_the_first_title(store: MetadataStore) -> None:
    assert await add(store, "c", 1)
    assert await add(store, "c", 2)
    assert await store.conversation("c", "ann") == Conversation(
        id="c", user_id="ann", title="title 1", created_at=1.0, updated_at=2.0, turns=(turn(1), turn(2))
    )


async def test_the_oldest_turns_beyond_the_limit_go(store: MetadataStore) -> None:
    for number in range(1, 6):
        await add(store, "c", number)
        await add(store, "other", number)
    kept = await store.conversation("c", "ann")
    assert kept is not None
    assert kept.turns == (turn(3), turn(4), turn(5))


async def test_turns_added_at_the_same_time_are_all_there(store: MetadataStore) -> None:
    await asyncio.gather(
        *(store.add_turn("c", "ann", turn(number), title="t", max_turns=50) for number in range(20))
    )
    conversation = await store.conversation("c", "ann")
    assert conversation is not None
    assert sorted(turn.asked_at for turn in conversation.turns) == [float(number) for number in range(20)]


async def test_another_users_conversation_is_neither_seen_nor_changed(store: MetadataStore) -> None:
    await add(store, "c", 1)
    assert await store.conversation("c", "ben") is None
    assert not await add(store, "c", 2, user_id="ben")
    assert not await store.rename_conversation("c", "ben", "mine now")
    assert not await store.delete_conversation("c", "ben")
    assert await store.list_conversations("ben") == []
    untouched = await store.conversation("c", "ann")
    assert untouched is not None
    assert (untouched.title, untouched.turns) == ("title 1", (turn(1),))


async def test_conversations_are_listed_newest_first_without_turns(store: MetadataStore) -> None:
    for number, conversation_id in enumerate(("a", "b", "a", "c"), start=1):
        await add(store, conversation_id, number)
    listed = await store.list_conversations("ann")
    assert [(conversation.id, conversation.turns) for conversation in listed] == [
        ("c", ()),
        ("a", ()),
        ("b", ()),
    ]
    assert [conversation.id for conversation in await store.list_conversations("ann", limit=1)] == ["c"]


async def test_a_list_goes_on_after_any_conversation_of_it(store: MetadataStore) -> None:
    moments = {"c": 3, "a": 2, "b": 2, "d": 2, "Ä": 1}  # three are of the same moment
    for conversation_id, moment in moments.items():
        await add(store, conversation_id, moment)
        await add(store, f"{conversation_id} of ben", moment, user_id="ben")
    whole = await store.list_conversations("ann")
    assert [each.id for each in whole] == ["c", "a", "b", "d", "Ä"]
    for number, each in enumerate(whole, start=1):
        after = (each.updated_at, each.id)
        assert await store.list_conversations("ann", after=after) == whole[number:]
        assert await store.list_conversations("ann", after=after, limit=1) == whole[number : number + 1]
    await store.delete_conversation("b", "ann")
    assert await store.list_conversations("ann", after=(2.0, "b")) == whole[3:]


async def test_all_of_a_users_conversations_go_and_nobody_elses(store: MetadataStore) -> None:
    for conversation_id in ("a", "b"):
        await add(store, conversation_id, 1)
    await add(store, "c", 1, user_id="ben")
    await store.delete_conversations("ann")
    await store.delete_conversations("ann")
    assert await store.list_conversations("ann") == []
    kept = await store.conversation("c", "ben")
    assert kept is not None
    assert kept.turns == (turn(1),)
    assert await add(store, "a", 2)
    anew = await store.conversation("a", "ann")
    assert anew is not None
    assert anew.turns == (turn(2),)


async def test_a_conversation_is_renamed_and_deleted_by_its_user(store: MetadataStore) -> None:
    await add(store, "c", 1)
    assert await store.rename_conversation("c", "ann", "better")
    await add(store, "c", 2)
    renamed = await store.conversation("c", "ann")
    assert renamed is not None
    assert renamed.title == "better"
    assert await store.delete_conversation("c", "ann")
    assert await store.conversation("c", "ann") is None
    assert not await store.delete_conversation("c", "ann")
    assert not await store.rename_conversation("c", "ann", "gone")


async def test_a_deleted_conversations_turns_do_not_come_back_with_its_id(store: MetadataStore) -> None:
    await add(store, "c", 1)
    await store.delete_conversation("c", "ann")
    assert await add(store, "c", 2, user_id="ben")
    anew = await store.conversation("c", "ben")
    assert anew is not None
    assert anew.turns == (turn(2),)


async def test_feedback_may_be_given_again(store: MetadataStore) -> None:
    ratings: list[Literal["up", "down"]] = ["up", "down"]
    for rating in ratings:
        await store.add_feedback(
            Feedback(
                user_id="ann",
                conversation_id="c",
                request_id="r",
                rating=rating,
                comment="",
                given_at=1.0,
            )
        )


async def test_a_ping_tells_a_store_that_answers_from_one_that_cannot(store: MetadataStore) -> None:
    await store.ping()
    await store.close()
    with pytest.raises(BackendUnavailable):
        await store.ping()


async def test_cited_turns_come_from_every_conversation_newest_first(store: MetadataStore) -> None:
    for conversation_id, user_id, number in (
        ("a", "ann", 1),
        ("b", "ben", 4),
        ("c", "cyd", 3),
        ("a", "ann", 2),
    ):
        await add(store, conversation_id, number, user_id=user_id)
    uncited = replace(turn(9), citations=())
    for conversation_id, user_id in (("a", "ann"), ("d", "dee")):
        assert await store.add_turn(conversation_id, user_id, uncited, title="", max_turns=3)
    assert await store.cited_turns(limit=10) == [turn(4), turn(3), turn(2), turn(1)]
    assert await store.cited_turns(limit=2) == [turn(4), turn(3)]
