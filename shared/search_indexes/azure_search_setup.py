"""Finding or creating a search index. Called by `azure_search_connection` at first use."""

import logging

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.search.documents.aio import SearchClient
from azure.search.documents.indexes.aio import SearchIndexClient
from azure.search.documents.indexes.models import SearchIndex

from shared.azure_sdk import calling
from shared.errors import ConfigError
from shared.search_indexes.azure_search_schema import make_index, mismatch
from shared.search_indexes.azure_search_service import SERVICE

_log = logging.getLogger(__name__)

_TIMEOUT = 30.0  # seconds


async def prepare(
    admin: SearchIndexClient, documents: SearchClient, *, name: str, dimension: int, analyzer: str
) -> None:
    """After this the documents of `name` can be searched and written.

    Errors: `ConfigError` on another schema or dimension; `BackendUnavailable`.
    """
    async with calling(SERVICE, timeout=_TIMEOUT):
        try:
            found = await _find(admin, name)
            if found is None:
                await _create(admin, make_index(name, dimension=dimension, analyzer=analyzer))
                found = await _find(admin, name)
        except HttpResponseError as error:
            if error.status_code == 400:
                raise ConfigError(
                    "the search service refuses the definition of the index; check AZURE_SEARCH_ANALYZER, "
                    "and how many indexes its tier allows"
                ) from error
            if error.status_code != 403:
                raise
            await _check_without_definition(documents, name, error)
            return
    if found is not None and (difference := mismatch(found, dimension=dimension)):
        raise ConfigError(
            f"the search index {found.name} {difference}; set AZURE_OPENAI_EMBEDDING_DIMENSION to what it "
            "was created with, build another index with `rag index build`, or set RAG_INDEX_NAME to a new "
            "name and ingest the documents again"
        )


async def _find(admin: SearchIndexClient, name: str) -> SearchIndex | None:
    """An identity without the right to definitions may have recorded the name of an alias."""
    try:
        return await admin.get_index(name)
    except ResourceNotFoundError:
        pass
    try:
        return await admin.get_index((await admin.get_alias(name)).indexes[0])
    except ResourceNotFoundError:
        return None


async def _create(admin: SearchIndexClient, index: SearchIndex) -> None:
    try:
        await admin.create_or_update_index(index, match_condition=MatchConditions.IfMissing)
    except ResourceExistsError:
        return  # another process was faster


async def _check_without_definition(documents: SearchClient, name: str, forbidden: HttpResponseError) -> None:
    """An identity may be allowed the documents only; the service still refuses embeddings that do not fit."""
    try:
        await documents.get_document_count()
    except ResourceNotFoundError:
        raise ConfigError(
            f"the search index {name} does not exist and may not be created by this identity; give it the "
            "role Search Service Contributor"
        ) from forbidden
    _log.warning(
        "search_schema_unchecked", extra={"reason": "the identity lacks the role Search Service Contributor"}
    )
