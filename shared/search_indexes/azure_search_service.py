"""The search service as messages name it, and how its clients are opened. Called by `azure_search*`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from azure.core.exceptions import ResourceNotFoundError

from shared.azure_sdk import AzureService, calling
from shared.errors import BackendUnavailable

SERVICE = AzureService(
    name="the search index",
    setting="AZURE_SEARCH_ENDPOINT",
    key_setting="AZURE_SEARCH_API_KEY",
    role="Search Index Data Contributor (and Search Service Contributor, to create the index)",
)

# Lost connections are tried again by the SDK, but for those of questions (`ONCE`), which `guarded` does.
# Answers are not: a write that is told to wait does so in `azure_search_writes`.
CLIENT_OPTIONS: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 60,
    "retry_total": 2,
    "retry_status": 0,
    "retry_backoff_factor": 0.1,
}
REPEATABLE: dict[str, Any] = {
    "retry_on_methods": ["POST"]
}  # for each POST: ours change nothing when repeated


ONCE: dict[str, Any] = {"retry_total": 0}


@asynccontextmanager
async def reaching(*, timeout: float) -> AsyncIterator[None]:
    """`calling` the service for documents of an index that was there when the process first asked."""
    async with calling(SERVICE, timeout=timeout):
        try:
            yield
        except ResourceNotFoundError as error:
            raise BackendUnavailable(
                "the search index is gone; if nobody removed it on purpose, build another with "
                "`rag index build` and promote it"
            ) from error
