"""Files of older formats, as the releases of then made them, are opened and lose nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.domain import (
    DEFAULT_ORGANISATION,
    EVERYONE,
    DocumentStatus,
    Filters,
    IndexState,
    IndexVersion,
    Session,
    organisation_reader,
)
from shared.metadata_stores.base_people import THE_DEFAULT
from shared.metadata_stores.sqlite import SqliteMetadataStore

FORMAT_1 = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, owner_id TEXT, readers TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT, etag TEXT, content_hash TEXT, size INTEGER NOT NULL, claimed_version INTEGER NOT NULL,
    current_version INTEGER NOT NULL, title TEXT NOT NULL, pages INTEGER NOT NULL, page_kind TEXT NOT NULL,
    chunks INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, indexed_at REAL,
    timings TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_by_name ON documents (name, id);
CREATE INDEX documents_by_status ON documents (status, name);
CREATE TABLE document_readers (
    reader TEXT NOT NULL, name TEXT NOT NULL, document_id TEXT NOT NULL,
    PRIMARY KEY (reader, name, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_readers_by_document ON document_readers (document_id);
CREATE TABLE users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
    is_administrator INTEGER NOT NULL, created_at REAL NOT NULL, is_disabled INTEGER NOT NULL
) STRICT;
CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY, family_id TEXT NOT NULL, user_id TEXT NOT NULL,
    issued_at REAL NOT NULL, expires_at REAL NOT NULL, rotated_at REAL, revoked_at REAL
) STRICT;
"""
FORMAT_2 = """
CREATE TABLE index_versions (
    name TEXT PRIMARY KEY, embedder TEXT NOT NULL, dimension INTEGER NOT NULL, created_at REAL NOT NULL
) STRICT;
"""
FORMAT_3 = """
ALTER TABLE documents ADD COLUMN held TEXT NOT NULL DEFAULT '{}';
ALTER TABLE documents ADD COLUMN parked_event TEXT;
"""
DOCUMENTS = """
INSERT INTO documents VALUES
    ('a', 'shared/a.md', NULL, '["everyone"]', 'indexed', NULL, 'e1', 'hash', 7, 4, 3, 'A', 2, 'page', 9,
        1.0, 2.0, 2.0, '[["parse", 1.5]]'),
    ('b', 'shared/b.md', 'ann', '["user:ann"]', 'failed', 'encrypted', 'e2', NULL, 8, 2, 0, '', 0, 'page', 0,
        1.0, 3.0, NULL, '[]');
INSERT INTO document_readers VALUES ('everyone', 'shared/a.md', 'a'), ('user:ann', 'shared/b.md', 'b');
"""
FORMAT_4 = "ALTER TABLE documents ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';"
PEOPLE = """
INSERT INTO users VALUES ('ann', 'ann@example.org', 'hash', 1, 1.0, 0);
UPDATE documents SET readers = '["everyone", "user:ann"]' WHERE id = 'b';
INSERT INTO document_readers VALUES ('everyone', 'shared/b.md', 'b');
INSERT INTO refresh_tokens VALUES ('hash', 'family', 'ann', 2.0, 9e9, NULL, NULL);
"""
RECORD = "INSERT INTO index_versions VALUES ('{}', 'minilm', 384, 5.0);"


def make(folder: Path, version: int, *scripts: str) -> None:
    with closing(sqlite3.connect(folder / "metadata.db")) as old:
        old.executescript("".join(scripts))
        old.execute(f"PRAGMA user_version = {version}")
        old.commit()


@pytest.mark.parametrize(
    ("version", "scripts"),
    [
        (1, [FORMAT_1, DOCUMENTS]),
        (2, [FORMAT_1, FORMAT_2, DOCUMENTS]),
        (3, [FORMAT_1, DOCUMENTS, FORMAT_3]),
    ],
)
async def test_documents_of_an_older_file_are_kept(tmp_path: Path, version: int, scripts: list[str]) -> None:
    make(tmp_path, version, *scripts)
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    indexed, failed = [document async for document in store.every_document()]
    assert (indexed.status, indexed.current_version, indexed.claimed_version) == (
        DocumentStatus.INDEXED,
        3,
        4,
    )
    assert (indexed.timings, indexed.readers) == ((("parse", 1.5),), frozenset({"everyone"}))
    assert (failed.reason, failed.parked_event, failed.held) == ("encrypted", None, ())
    assert [found.id for found in await store.list_documents(readers=frozenset({"user:ann"}))] == ["b"]
    assert await store.index_versions("documents") == []
    assert indexed.held == (), "nothing says in which index it is: it is filled anew"
    assert await store.hold("a", 3, index="documents")
    assert await store.park("b", reason="x", event="{}", now=9.0) is False
    assert (indexed.tags, failed.tags) == (frozenset(), frozenset())
    assert await store.set_tags("a", frozenset({"hr"}), now=9.0)
    assert await store.tokens_used("2026-11-23") == 0
    assert await store.matching(Filters(tags=frozenset({"hr"})), readers=None, limit=9) == ["a"]
    await store.close()


async def test_the_index_of_format_2_is_live_and_shows_what_it_showed(tmp_path: Path) -> None:
    make(tmp_path, 2, FORMAT_1, FORMAT_2, DOCUMENTS, RECORD.format("handbooks"))
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    live = IndexVersion(
        name="handbooks",
        base="handbooks",
        number=1,
        embedder="minilm",
        dimension=384,
        chunk_chars=900,
        chunk_overlap=120,
        created_at=5.0,
        state=IndexState.LIVE,
        changed_at=5.0,
    )
    assert await store.index_versions("handbooks") == [live]
    assert await store.first_index(live) == live
    indexed, failed = [document async for document in store.every_document()]
    assert (indexed.version_in("handbooks"), failed.version_in("handbooks")) == (3, 0)
    await store.close()


async def test_where_the_name_was_changed_each_index_is_filled_anew(tmp_path: Path) -> None:
    make(tmp_path, 2, FORMAT_1, FORMAT_2, DOCUMENTS, RECORD.format("old"), RECORD.format("new"))
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    for base in ("old", "new"):
        assert [each.state for each in await store.index_versions(base)] == [IndexState.LIVE]
    assert [document.held async for document in store.every_document()] == [(), ()]
    await store.close()


async def test_a_file_is_upgraded_once(tmp_path: Path) -> None:
    make(tmp_path, 2, FORMAT_1, FORMAT_2, DOCUMENTS, RECORD.format("documents"))
    for _ in range(2):
        store = SqliteMetadataStore(tmp_path / "metadata.db")
        assert len(await store.index_versions("documents")) == 1
        await store.close()


async def test_people_and_what_they_shared_with_everyone_are_of_the_default_organisation(
    tmp_path: Path,
) -> None:
    make(tmp_path, 4, FORMAT_1, DOCUMENTS, FORMAT_3, FORMAT_4, PEOPLE)
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    standing = await store.standing("ann")
    assert standing is not None
    assert (standing.user.organisation_id, standing.user.manages_organisation) == (
        DEFAULT_ORGANISATION,
        False,
    )
    assert await store.organisations() == [THE_DEFAULT]
    everyones, anns = [document async for document in store.every_document()]
    assert everyones.readers == {EVERYONE}
    assert anns.readers == {"user:ann", organisation_reader(DEFAULT_ORGANISATION)}

    async def listed(reader: str) -> list[str]:
        return [each.id for each in await store.list_documents(readers=frozenset({reader}))]

    assert await listed(EVERYONE) == ["a"]
    assert await listed(organisation_reader(DEFAULT_ORGANISATION)) == ["b"]
    await store.close()


async def test_a_session_of_before_begins_with_its_first_link_that_is_left(tmp_path: Path) -> None:
    make(tmp_path, 4, FORMAT_1, DOCUMENTS, FORMAT_3, FORMAT_4, PEOPLE)
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    session = Session(id="family", began_at=2.0, used_at=2.0, expires_at=9e9, client="")
    assert await store.sessions("ann", now=3.0) == [session]
    await store.close()
