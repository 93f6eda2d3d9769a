"""`MongoMetadataStore`: the authority of the Azure profile, in one MongoDB database. Built by compose.

It asks for little: unique and TTL indexes and conditional updates of single documents. No transactions,
change streams, array filters or updates by pipeline. So it runs on MongoDB, on Atlas and on services that
speak its protocol, such as Azure DocumentDB (Cosmos DB for MongoDB vCore).
"""

import asyncio

from shared.breaker import Breaker
from shared.domain import Standing
from shared.metadata_stores.mongo_conversations import CONVERSATIONS_INDEXES, MongoConversations
from shared.metadata_stores.mongo_database import MongoDatabase
from shared.metadata_stores.mongo_document_lists import MongoDocumentLists
from shared.metadata_stores.mongo_document_rows import DOCUMENTS_INDEXES
from shared.metadata_stores.mongo_documents import MongoDocuments
from shared.metadata_stores.mongo_folders import MongoFolders
from shared.metadata_stores.mongo_format import FormatRecord
from shared.metadata_stores.mongo_groups import GROUPS_INDEXES, MongoGroups
from shared.metadata_stores.mongo_index_versions import MongoIndexVersions
from shared.metadata_stores.mongo_organisations import ORGANISATIONS_INDEXES, MongoOrganisations
from shared.metadata_stores.mongo_personal_tokens import PERSONAL_TOKENS_INDEXES, MongoPersonalTokens
from shared.metadata_stores.mongo_tokens import FAMILIES_INDEXES, TOKENS_INDEXES, MongoTokens
from shared.metadata_stores.mongo_usage import USAGE_INDEXES, MongoUsage
from shared.metadata_stores.mongo_users import USERS_INDEXES, MongoUsers

_VERSION = 5  # of what is stored; raise it with every change
_READABLE_FROM = 5  # the release before this one still works on it (docs/adr/0010)
_INDEXES = {
    "documents": DOCUMENTS_INDEXES,
    "users": USERS_INDEXES,
    "organisations": ORGANISATIONS_INDEXES,
    "groups": GROUPS_INDEXES,
    "refresh_tokens": TOKENS_INDEXES,
    "token_families": FAMILIES_INDEXES,
    "personal_tokens": PERSONAL_TOKENS_INDEXES,
    "conversations": CONVERSATIONS_INDEXES,
    "usage": USAGE_INDEXES,
}


class MongoMetadataStore(
    MongoDocuments,
    MongoDocumentLists,
    MongoUsers,
    MongoOrganisations,
    MongoGroups,
    MongoFolders,
    MongoTokens,
    MongoPersonalTokens,
    MongoConversations,
    MongoIndexVersions,
    MongoUsage,
):
    """`uri` as MONGODB_URI has it; `timeout` in seconds, for each method. Errors: `ConfigError`."""

    def __init__(
        self, *, uri: str, database: str, timeout: float = 10.0, breaker: Breaker | None = None
    ) -> None:
        self._mongo = MongoDatabase(
            uri=uri,
            database=database,
            indexes=_INDEXES,
            record=FormatRecord(version=_VERSION, readable_from=_READABLE_FROM),
            timeout=timeout,
            breaker=breaker,
        )

    async def session_standing(self, user_id: str, family_id: str, *, now: float) -> Standing | None:
        is_live, standing = await asyncio.gather(
            self.family_is_live(family_id, now=now), self.standing(user_id)
        )
        return standing if is_live else None

    async def ping(self) -> None:
        async with self._mongo.calling() as database:
            await database["documents"].find_one({}, {"_id": True})

    async def close(self) -> None:
        await self._mongo.close()
