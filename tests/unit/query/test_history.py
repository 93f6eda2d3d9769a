"""Turns are shown only to who may read all that they cite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import BlobProperties, Principal
from shared.errors import BackendUnavailable
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.query.history import are_readable, readable
from tests.stand_ins.cited_turns import cited_turn, publish

ANN = Principal(user_id="ann", email="")
ROOT = Principal(user_id="root", email="", is_administrator=True)


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadataStore]:
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    yield store
    await store.close()


async def share(metadata: SqliteMetadataStore, name: str, *readers: str) -> None:
    await publish(metadata, name, frozenset(readers))


async def test_a_turn_is_withheld_unless_all_that_it_cites_may_be_read(metadata: SqliteMetadataStore) -> None:
    await share(metadata, "open", "everyone")
    await share(metadata, "own", "user:ann")
    await share(metadata, "bens", "user:ben")
    turns = [
        cited_turn("open"),
        cited_turn("open", "own"),
        cited_turn("open", "bens"),
        cited_turn("bens"),
        cited_turn("gone"),
    ]
    assert await are_readable(turns, ANN, metadata) == [True, True, False, False, False]
    assert await readable(turns, ANN, metadata) == (turns[0], turns[1])


async def test_administrators_are_shown_no_more_than_they_may_read(metadata: SqliteMetadataStore) -> None:
    await share(metadata, "bens", "user:ben")
    assert await readable([cited_turn("bens")], ROOT, metadata) == ()


async def test_a_turn_that_cites_nothing_is_kept_without_asking_for_rights() -> None:
    assert await readable([cited_turn()], ANN, NoRights(may_ask=False)) == (cited_turn(),)
    assert await readable([], ANN, NoRights(may_ask=False)) == ()


async def test_unsharing_and_sharing_again_withholds_and_shows(metadata: SqliteMetadataStore) -> None:
    await share(metadata, "doc", "user:ann")
    assert await are_readable([cited_turn("doc")], ANN, metadata) == [True]
    await metadata.set_readers("doc", frozenset({"user:ben"}), now=2.0)
    assert await are_readable([cited_turn("doc")], ANN, metadata) == [False]
    await metadata.set_readers("doc", frozenset({"everyone"}), now=3.0)
    assert await are_readable([cited_turn("doc")], ANN, metadata) == [True]


async def test_what_an_answer_may_repeat_out_of_earlier_turns_withholds_it_too(
    metadata: SqliteMetadataStore,
) -> None:
    await share(metadata, "open", "everyone")
    await share(metadata, "bens", "user:ben")
    turns = [cited_turn("open", leans_on=("open",)), cited_turn("open", leans_on=("bens",))]
    assert await are_readable(turns, ANN, metadata) == [True, False]


async def test_a_document_that_comes_back_after_its_deletion_is_another_one(
    metadata: SqliteMetadataStore,
) -> None:
    await share(metadata, "doc", "everyone")
    before, after = cited_turn("doc", asked_at=1.0), cited_turn("doc", asked_at=4.0)
    assert await are_readable([before, after], ANN, metadata) == [True, True]
    await metadata.bury("doc", now=2.0)
    assert await are_readable([before, after], ANN, metadata) == [False, False]
    await publish(metadata, "doc", frozenset({"everyone"}), created_at=3.0)
    assert await are_readable([before, after], ANN, metadata) == [False, True]


async def test_a_deleted_or_rejected_document_withholds_its_turns(metadata: SqliteMetadataStore) -> None:
    for name in ("buried", "rejected"):
        await share(metadata, name, "everyone")
    await metadata.bury("buried", now=2.0)
    blob = BlobProperties(name="rejected", etag="2", size=1, modified_at=0.0)
    claimed = await metadata.claim("rejected", blob, now=2.0)
    assert claimed is not None
    assert await readable([cited_turn("rejected")], ANN, metadata) == (
        cited_turn("rejected"),
    )  # the old one still shows
    assert await metadata.reject("rejected", claimed.claimed_version, reason="is broken", now=2.0)
    assert await are_readable([cited_turn("buried"), cited_turn("rejected")], ANN, metadata) == [False, False]


async def test_all_turns_take_one_look_and_without_one_there_is_an_error_and_no_turn() -> None:
    store = NoRights(may_ask=True)
    with pytest.raises(BackendUnavailable):
        await readable([cited_turn("a"), cited_turn("b", "a"), cited_turn()], ANN, store)
    assert store.asked == [["a", "b"]]


class NoRights:
    """A store that cannot be reached."""

    def __init__(self, *, may_ask: bool) -> None:
        self._may_ask = may_ask
        self.asked: list[list[str]] = []

    async def documents(self, document_ids):
        if not document_ids:
            return {}
        assert self._may_ask
        self.asked.append(list(document_ids))
        raise BackendUnavailable("the metadata store is out of reach")
