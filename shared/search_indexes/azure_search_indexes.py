"""`AzureSearchIndexes`: the indexes of an Azure AI Search service, and the alias for those who ask by it.

Built by compose. An identity that may not manage indexes can use those that are there.
"""

import logging
import re

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.search.documents.aio import SearchClient
from azure.search.documents.indexes.aio import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias

from shared.azure_sdk import Credential, calling
from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.azure_search import AzureSearchIndex
from shared.search_indexes.azure_search_service import CLIENT_OPTIONS, SERVICE, reaching

_log = logging.getLogger(__name__)

_TIMEOUT = 30.0  # seconds
_FORBIDDEN = 403
_CONFLICTS = (400, 409)  # which one is told differs between resources and releases of the service


class AzureSearchIndexes:
    """Implements `SearchIndexes`."""

    def __init__(
        self, *, endpoint: str, credential: Credential, analyzer: str, semantic_ranker: bool
    ) -> None:
        if not re.match("https?://[^/]", endpoint):
            raise ConfigError("AZURE_SEARCH_ENDPOINT must look like https://<name>.search.windows.net")
        self._endpoint = endpoint
        self._credential = credential
        self._analyzer = analyzer
        self._semantic_ranker = semantic_ranker
        self._admin = SearchIndexClient(endpoint, credential, **CLIENT_OPTIONS)
        self._not_pointed_to: str | None = None  # as the log says already

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
        async with calling(SERVICE, timeout=_TIMEOUT):
            try:
                return await self._defined(base)
            except HttpResponseError as error:
                if error.status_code != _FORBIDDEN:
                    raise
                return base if await self._holds_documents(base) else None

    async def point(self, base: str, name: str) -> None:
        """The record in the metadata store is what counts here: an alias that cannot follow is logged."""
        if base == name:
            return
        async with reaching(timeout=_TIMEOUT):
            try:
                await self._admin.create_or_update_alias(SearchAlias(name=base, indexes=[name]))
            except HttpResponseError as error:
                if error.status_code == _FORBIDDEN:
                    reason = "the identity lacks the role Search Service Contributor"
                elif error.status_code in _CONFLICTS:
                    reason = "an index has the name of the alias, or the service refuses that name"
                else:
                    raise
                if name != self._not_pointed_to:
                    self._not_pointed_to = name
                    _log.warning("search_alias_kept", extra={"alias": base, "index": name, "reason": reason})

    async def remove(self, name: str) -> None:
        async with calling(SERVICE, timeout=_TIMEOUT):
            try:
                await self._admin.delete_index(name)
            except ResourceNotFoundError:
                return
            except HttpResponseError as error:
                if error.status_code not in _CONFLICTS:
                    raise
                raise BackendUnavailable(
                    f"an alias of the search service still points to the index {name}; point it elsewhere"
                ) from error

    async def close(self) -> None:
        await self._admin.close()

    async def _defined(self, base: str) -> str | None:
        try:
            return str((await self._admin.get_alias(base)).indexes[0])
        except ResourceNotFoundError:
            pass
        try:
            return str((await self._admin.get_index(base)).name)
        except ResourceNotFoundError:
            return None

    async def _holds_documents(self, name: str) -> bool:
        async with SearchClient(self._endpoint, name, self._credential, **CLIENT_OPTIONS) as documents:
            try:
                await documents.get_document_count()
            except ResourceNotFoundError:
                return False
            return True
