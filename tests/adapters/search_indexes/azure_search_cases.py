"""What the tests of `AzureSearchIndex` share: a stand-in of their own, an index on it, chunks."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from shared.search_indexes.azure_search import AzureSearchIndex
from tests.contract.search_index_cases import DIMENSION
from tests.stand_ins.search_service import KEY, SearchService

INDEX = "documents"


def open_index(service: SearchService, **changes: Any) -> AzureSearchIndex:
    arguments = {
        "endpoint": service.url,
        "index": INDEX,
        "dimension": DIMENSION,
        "credential": AzureKeyCredential(KEY),
    }
    return AzureSearchIndex(**(arguments | changes))


@pytest.fixture
def service() -> Iterator[SearchService]:
    with SearchService() as service:
        yield service


@pytest.fixture
async def index(service: SearchService) -> AsyncIterator[AzureSearchIndex]:
    index = open_index(service)
    yield index
    await index.close()
