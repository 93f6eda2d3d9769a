"""Turns are shown only to who may read all that they cite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import BlobProperties, Citation, Document, DocumentStatus, Principal, Turn
from shared.errors import BackendUnavailable
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.query.history import are_readable, readable

ANN = Principal(user_id="ann", email="")
ROOT = Principal(user_id="root", email="", is_administrator=True)


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadataStore]:
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    yield store
    await store.close()


async def publish(metadata: SqliteMetadataStore, name: str, *readers: str) -> None:
    document = Document(
        id=name, name=name, owner_id=None, readers=frozenset(readers), status=DocumentStatus.QUEUED
    )
    await metadata.announce(document, etag="1")
    blob = BlobProperties(name=name, etag="1", size=1, modified_at=0.0)
    claimed = await metadata.claim(name, blob, now=1.0)
    assert claimed is not None
    assert await metadata.publish(
        name,
        claimed.claimed_version,
        index="documents",
        content_hash="h",
        title="",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(),
        now=1.0,
    )


def turn(*cited: str) -> Turn:
    citations = tuple(
        Citation(
            marker=marker,
            document_id=document_id,
            document=document_id,
            page=1,
            page_kind="page",
            snippet="…",
            url="",
            score=1.0,
        )
        for marker, document_id in enumerate(cited, start=1)
    )
    return Turn(question="Where?", answer="Here.", citations=citations, asked_at=0.0)


async def test_a_turn_is_withheld_unless_all_that_it_cites_may_be_read(metadata: SqliteMetadataStore) -> None:
    await publish(metadata, "open", "everyone")
    await publish(metadata, "own", "user:ann")
    await publish(metadata, "bens", "user:ben")
    turns = [turn("open"), turn("open", "own"), turn("open", "bens"), turn("bens"), turn("gone")]
    assert await are_readable(turns, ANN, metadata) == [True, True, False, False, False]
    assert await readable(turns, ANN, metadata) == (turns[0], turns[1])


async def test_administrators_are_shown_no_more_than_they_may_read(metadata: SqliteMetadataStore) -> None:
    await publish(metadata, "bens", "user:ben")
    assert await readable([turn("bens")], ROOT, metadata) == ()


async def test_a_turn_that_cites_nothing_is_kept_without_asking_for_rights() -> None:
    assert await readable([turn()], ANN, NoRights(may_ask=False)) == (turn(),)
    assert await readable([], ANN, NoRights(may_ask=False)) == ()


async def test_unsharing_and_sharing_again_withholds_and_shows(metadata: SqliteMetadataStore) -> None:
    await publish(metadata, "doc", "user:ann")
    assert await are_readable([turn("doc")], ANN, metadata) == [True]
    await metadata.set_readers("doc", frozenset({"user:ben"}), now=2.0)
    assert await are_readable([turn("doc")], ANN, metadata) == [False]
    await metadata.set_readers("doc", frozenset({"everyone"}), now=3.0)
    assert await are_readable([turn("doc")], ANN, metadata) == [True]


async def test_a_deleted_or_rejected_document_withholds_its_turns(metadata: SqliteMetadataStore) -> None:
    for name in ("buried", "rejected"):
        await publish(metadata, name, "everyone")
    await metadata.bury("buried", now=2.0)
    blob = BlobProperties(name="rejected", etag="2", size=1, modified_at=0.0)
    claimed = await metadata.claim("rejected", blob, now=2.0)
    assert claimed is not None
    assert await readable([turn("rejected")], ANN, metadata) == (turn("rejected"),)  # the old one still shows
    assert await metadata.reject("rejected", claimed.claimed_version, reason="is broken", now=2.0)
    assert await are_readable([turn("buried"), turn("rejected")], ANN, metadata) == [False, False]


async def test_all_turns_take_one_look_and_without_one_there_is_an_error_and_no_turn() -> None:
    store = NoRights(may_ask=True)
    with pytest.raises(BackendUnavailable):
        await readable([turn("a"), turn("b", "a"), turn()], ANN, store)
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
