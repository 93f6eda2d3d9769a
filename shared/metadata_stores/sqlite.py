"""`SqliteMetadataStore`: documents, users and conversations in one SQLite file. Built by compose.

The local profile's authority. Every commit is synced to disk: what was acknowledged survives a power cut.
"""

import sqlite3
from pathlib import Path

from shared.domain import Standing
from shared.metadata_stores.sqlite_conversations import CONVERSATIONS_SCHEMA, SqliteConversations
from shared.metadata_stores.sqlite_document_rows import (
    DOCUMENTS_SCHEMA,
    DOCUMENTS_UPGRADE_3,
    DOCUMENTS_UPGRADE_4,
    DOCUMENTS_UPGRADE_5,
)
from shared.metadata_stores.sqlite_documents import SqliteDocuments
from shared.metadata_stores.sqlite_folders import FOLDERS_SCHEMA, SqliteFolders
from shared.metadata_stores.sqlite_groups import GROUPS_SCHEMA, SqliteGroups
from shared.metadata_stores.sqlite_index_versions import (
    INDEX_VERSIONS_SCHEMA,
    INDEX_VERSIONS_UPGRADE,
    SqliteIndexVersions,
)
from shared.metadata_stores.sqlite_organisations import ORGANISATIONS_SCHEMA, SqliteOrganisations
from shared.metadata_stores.sqlite_personal_tokens import PERSONAL_TOKENS_SCHEMA, SqlitePersonalTokens
from shared.metadata_stores.sqlite_tokens import TOKENS_SCHEMA, TOKENS_UPGRADE_5, SqliteTokens
from shared.metadata_stores.sqlite_usage import USAGE_SCHEMA, SqliteUsage
from shared.metadata_stores.sqlite_users import USERS_SCHEMA, USERS_UPGRADE_5, SqliteUsers
from shared.sqlite_file import SqliteFile

_VERSION = 5  # of the schemas together; raise it with every change
_READABLE_FROM = 5  # the release before this one still works on it (docs/adr/0010)


class SqliteMetadataStore(
    SqliteDocuments,
    SqliteUsers,
    SqliteOrganisations,
    SqliteGroups,
    SqliteFolders,
    SqliteTokens,
    SqlitePersonalTokens,
    SqliteConversations,
    SqliteIndexVersions,
    SqliteUsage,
):
    def __init__(self, path: Path) -> None:
        schemas = (
            DOCUMENTS_SCHEMA,
            USERS_SCHEMA,
            ORGANISATIONS_SCHEMA,
            GROUPS_SCHEMA,
            FOLDERS_SCHEMA,
            TOKENS_SCHEMA,
            PERSONAL_TOKENS_SCHEMA,
            CONVERSATIONS_SCHEMA,
            INDEX_VERSIONS_SCHEMA,
            USAGE_SCHEMA,
        )
        self._file = SqliteFile(
            path,
            "".join(schemas),
            version=_VERSION,
            readable_from=_READABLE_FROM,
            upgrades={
                3: f"{DOCUMENTS_UPGRADE_3}; {INDEX_VERSIONS_UPGRADE}",
                4: DOCUMENTS_UPGRADE_4,
                5: f"{USERS_UPGRADE_5}; {TOKENS_UPGRADE_5}; {DOCUMENTS_UPGRADE_5}",
            },
        )

    async def session_standing(self, user_id: str, family_id: str, *, now: float) -> Standing | None:
        return await self.standing(user_id) if await self.family_is_live(family_id, now=now) else None

    async def ping(self) -> None:
        def any_document(connection: sqlite3.Connection) -> None:
            connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone()

        await self._file.read(any_document)

    async def close(self) -> None:
        await self._file.close()
