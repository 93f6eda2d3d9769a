"""`SqliteMetadataStore`: documents, users and conversations in one SQLite file. Built by compose.

The local profile's authority. Every commit is synced to disk: what was acknowledged survives a power cut.
"""

import sqlite3
from pathlib import Path

from shared.metadata_stores.sqlite_conversations import CONVERSATIONS_SCHEMA, SqliteConversations
from shared.metadata_stores.sqlite_document_rows import (
    DOCUMENTS_SCHEMA,
    DOCUMENTS_UPGRADE_3,
    DOCUMENTS_UPGRADE_4,
)
from shared.metadata_stores.sqlite_documents import SqliteDocuments
from shared.metadata_stores.sqlite_index_versions import (
    INDEX_VERSIONS_SCHEMA,
    INDEX_VERSIONS_UPGRADE,
    SqliteIndexVersions,
)
from shared.metadata_stores.sqlite_tokens import TOKENS_SCHEMA, SqliteTokens
from shared.metadata_stores.sqlite_usage import USAGE_SCHEMA, SqliteUsage
from shared.metadata_stores.sqlite_users import USERS_SCHEMA, USERS_UPGRADE_5, SqliteUsers
from shared.sqlite_file import SqliteFile

_VERSION = 5  # of the schemas together; raise it with every change


class SqliteMetadataStore(
    SqliteDocuments, SqliteUsers, SqliteTokens, SqliteConversations, SqliteIndexVersions, SqliteUsage
):
    def __init__(self, path: Path) -> None:
        schemas = (
            DOCUMENTS_SCHEMA,
            USERS_SCHEMA,
            TOKENS_SCHEMA,
            CONVERSATIONS_SCHEMA,
            INDEX_VERSIONS_SCHEMA,
            USAGE_SCHEMA,
        )
        self._file = SqliteFile(
            path,
            "".join(schemas),
            version=_VERSION,
            upgrades={
                3: f"{DOCUMENTS_UPGRADE_3}; {INDEX_VERSIONS_UPGRADE}",
                4: DOCUMENTS_UPGRADE_4,
                5: USERS_UPGRADE_5,
            },
        )

    async def ping(self) -> None:
        def any_document(connection: sqlite3.Connection) -> None:
            connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone()

        await self._file.read(any_document)

    async def close(self) -> None:
        await self._file.close()
