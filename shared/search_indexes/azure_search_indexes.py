"""`AzureSearchIndexes`: the indexes of an Azure AI Search service, and the alias for those who ask by it.

Built by compose.
"""

from azure.core.exceptions import ResourceNotFoundError
from azure.search.documents.indexes.aio import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias

from shared.azure_sdk import Credential
from shared.search_indexes.azure_search import AzureSearchIndex
from shared.search_indexes.azure_search_service import CLIENT_OPTIONS, reaching

_TIMEOUT = 30.0  # seconds


class AzureSearchIndexes:
    """Implements `SearchIndexes`."""

    def __init__(
        self, *, endpoint: str, credential: Credential, analyzer: str, semantic_ranker: bool
    ) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._analyzer = analyzer
        self._semantic_ranker = semantic_ranker
        self._admin = SearchIndexClient(endpoint, credential, **CLIENT_OPTIONS)

    def open(self, name: str, *, dimension: int) -> AzureSearchIndex:
        return AzureSearchIndex(
            endpoint=self._endpoint,
            index=name,
            dimension=dimension,
            credential=self._credential,
            analyzer=self._analyzer,
            semantic_ranker=self._semantic_ranker,
        )

    async def adopted(self, base: str) -> str | None:
        async with reaching(timeout=_TIMEOUT):
            try:
                return str((await self._admin.get_alias(base)).indexes[0])
            except ResourceNotFoundError:
                pass
            try:
                return str((await self._admin.get_index(base)).name)
            except ResourceNotFoundError:
                return None

    async def point(self, base: str, name: str) -> None:
        async with reaching(timeout=_TIMEOUT):
            await self._admin.create_or_update_alias(SearchAlias(name=base, indexes=[name]))

    async def remove(self, name: str) -> None:
        async with reaching(timeout=_TIMEOUT):
            try:
                await self._admin.delete_index(name)
            except ResourceNotFoundError:
                return

    async def close(self) -> None:
        await self._admin.close()
