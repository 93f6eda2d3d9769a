"""Requests to the search service, after the index is found or created. Called by `azure_search`."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeAlias

from azure.core.exceptions import HttpResponseError
from azure.search.documents.aio import SearchClient
from azure.search.documents.indexes.aio import SearchIndexClient

from shared.azure_sdk import Credential
from shared.errors import BackendUnavailable
from shared.search_indexes.azure_search_documents import literal
from shared.search_indexes.azure_search_schema import SEMANTIC
from shared.search_indexes.azure_search_service import CLIENT_OPTIONS, REPEATABLE, reaching
from shared.search_indexes.azure_search_setup import prepare
from shared.search_indexes.azure_search_writes import Action, Fields, send

_log = logging.getLogger(__name__)

PAGE = 1_000  # the most results that one request gives
VISIBLE_WITHIN = 2.0  # seconds that a change may take to show; then we go on
_FIRST_LOOK = 0.05
_TIMEOUT = 15.0  # seconds for one request
_RERANKED = 50  # the most results that the semantic ranker takes
_QUOTA_SPENT = 402

Found: TypeAlias = list[dict[str, Any]]


class SearchConnection:
    """Nothing is connected before the first call, which finds or creates the index."""

    def __init__(
        self, *, endpoint: str, index: str, dimension: int, credential: Credential, analyzer: str
    ) -> None:
        self._index = index
        self._dimension = dimension
        self._analyzer = analyzer
        self._admin = SearchIndexClient(endpoint, credential, **CLIENT_OPTIONS)
        self._client = SearchClient(endpoint, index, credential, **CLIENT_OPTIONS)
        self._preparing = asyncio.Lock()
        self._is_prepared = False

    async def find(self, request: dict[str, Any]) -> Found:
        """The documents of a request as `SearchClient.search` takes it."""
        client = await self._ready()
        async with reaching(timeout=_TIMEOUT):
            return [one async for one in await client.search(**request, **REPEATABLE)]

    async def find_reranked(self, request: dict[str, Any]) -> Found:
        """In the semantic ranker's order, with its score; while it cannot, without it, and logged."""
        semantic = {
            "query_type": "semantic",
            "semantic_configuration_name": SEMANTIC,
            "semantic_error_mode": "partial",  # overloaded, it leaves the order of the fusion (HTTP 206)
            "top": min(request["top"], _RERANKED),
        }
        client = await self._ready()
        async with reaching(timeout=_TIMEOUT):
            try:
                found = [one async for one in await client.search(**request | semantic, **REPEATABLE)]
            except HttpResponseError as error:
                if error.status_code == 400:
                    raise BackendUnavailable(
                        "the semantic ranker refuses to work; switch it on in the search service, or set "
                        "AZURE_SEARCH_SEMANTIC_RANKER=false"
                    ) from error
                if error.status_code != _QUOTA_SPENT:
                    raise
                _log.warning("semantic_ranker_skipped", extra={"reason": "its quota is spent"})
                return [one async for one in await client.search(**request, **REPEATABLE)]
        if any(one["@search.reranker_score"] is None for one in found):
            _log.warning("semantic_ranker_skipped", extra={"reason": "it is overloaded"})
        return found

    async def count(self, condition: str | None = None) -> int:
        client = await self._ready()
        async with reaching(timeout=_TIMEOUT):
            results = await client.search(filter=condition, include_total_count=True, top=0, **REPEATABLE)
            return await results.get_count()

    async def key_pages(self, condition: str) -> AsyncIterator[list[str]]:
        """By ranges of keys: `skip` ends at 100,000, and a deleted key that still shows is passed by."""
        after = ""
        while True:
            rest = f"{condition} and id gt {literal(after)}"
            found = await self.find({"filter": rest, "select": ["id"], "order_by": ["id"], "top": PAGE})
            keys = [str(one["id"]) for one in found]
            if keys:
                yield keys
            if len(keys) < PAGE:
                return
            after = keys[-1]

    async def until_count(self, condition: str, expected: int) -> None:
        """Wait until so many documents show, for `VISIBLE_WITHIN` seconds at most."""
        ends = time.monotonic() + VISIBLE_WITHIN
        pause = _FIRST_LOOK
        while await self.count(condition) != expected and time.monotonic() < ends:
            await asyncio.sleep(pause)
            pause *= 2

    async def send(self, action: Action, documents: Iterable[Fields]) -> None:
        """All of them, or an error."""
        await send(await self._ready(), self._index, action, documents)

    async def close(self) -> None:
        await self._client.close()
        await self._admin.close()

    async def _ready(self) -> SearchClient:
        async with self._preparing:
            if not self._is_prepared:
                await prepare(
                    self._admin,
                    self._client,
                    name=self._index,
                    dimension=self._dimension,
                    analyzer=self._analyzer,
                )
                self._is_prepared = True
        return self._client
