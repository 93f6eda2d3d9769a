import sqlite3
from contextlib import closing
from pathlib import Path

from shared.domain import IndexVersion
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.metadata_stores.sqlite_conversations import CONVERSATIONS_SCHEMA
from shared.metadata_stores.sqlite_document_rows import DOCUMENTS_SCHEMA
from shared.metadata_stores.sqlite_users import USERS_SCHEMA


async def test_a_file_from_before_index_versions_keeps_its_content_and_takes_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "metadata.db")) as old, old:
        old.executescript(DOCUMENTS_SCHEMA + USERS_SCHEMA + CONVERSATIONS_SCHEMA)
        old.execute("INSERT INTO users VALUES ('u', 'ann@example.org', 'hash', 1, 1.0, 0)")
        old.execute("PRAGMA user_version = 1")
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    version = IndexVersion(name="chunks", embedder="minilm", dimension=384, created_at=1.0)
    await store.record_index(version)
    assert await store.index_versions() == [version]
    assert [user.email for user in await store.list_users()] == ["ann@example.org"]
    await store.close()
