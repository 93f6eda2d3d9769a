"""Finding or creating the search index that a name stands for. Called by `azure_search` at first use.

The name is an alias of a versioned index (`documents` → `documents-v1-…`), so that a later version can take
over at once; an index of that very name will do as well.
"""

import asyncio
import logging
import secrets
from datetime import UTC, datetime

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.search.documents.aio import SearchClient
from azure.search.documents.indexes.aio import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias, SearchIndex

from shared.azure_sdk import calling
from shared.errors import ConfigError
from shared.search_indexes.azure_search_schema import make_index, mismatch
from shared.search_indexes.azure_search_service import SERVICE

_log = logging.getLogger(__name__)

_TIMEOUT = 30.0  # seconds; a new alias can take ten to be known everywhere
_POLL = 0.2


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
                await _create(
                    admin, make_index(_versioned(name), dimension=dimension, analyzer=analyzer), name
                )
                found = await _find(admin, name)
                await _until_known(documents)
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
            "was created with, or AZURE_SEARCH_INDEX to a new name and ingest the documents again"
        )


async def _find(admin: SearchIndexClient, name: str) -> SearchIndex | None:
    target = name
    try:
        target = (await admin.get_alias(name)).indexes[0]
        return await admin.get_index(target)
    except ResourceNotFoundError as error:
        if target != name:
            raise ConfigError(
                f"the search alias {name} (AZURE_SEARCH_INDEX) points to the index {target}, which does not "
                "exist; delete the alias or point it to another"
            ) from error
    try:
        return await admin.get_index(name)
    except ResourceNotFoundError:
        return None


def _versioned(name: str) -> str:
    return f"{name}-v1-{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"


async def _create(admin: SearchIndexClient, index: SearchIndex, name: str) -> None:
    """Of several processes that do this at once, one gets the alias; the others remove their index again."""
    await admin.create_or_update_index(index)
    try:
        await admin.create_or_update_alias(
            SearchAlias(name=name, indexes=[index.name]), match_condition=MatchConditions.IfMissing
        )
    except ResourceExistsError:
        await admin.delete_index(index.name)


async def _until_known(documents: SearchClient) -> None:
    while True:
        try:
            await documents.get_document_count()
        except ResourceNotFoundError:
            await asyncio.sleep(_POLL)
        else:
            return


async def _check_without_definition(documents: SearchClient, name: str, forbidden: HttpResponseError) -> None:
    """An identity may be allowed the documents only; the service still refuses embeddings that do not fit."""
    try:
        await documents.get_document_count()
    except ResourceNotFoundError:
        raise ConfigError(
            f"the search index {name} does not exist and may not be created by this identity; give it the "
            "role Search Service Contributor, or create the index (AZURE_SEARCH_INDEX)"
        ) from forbidden
    _log.warning(
        "search_schema_unchecked", extra={"reason": "the identity lacks the role Search Service Contributor"}
    )
