"""`AzureSearchIndexes`: what a base stands for on the service, and rights that are missing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.azure_search_indexes import AzureSearchIndexes
from shared.search_indexes.azure_search_schema import make_index
from tests.adapters.search_indexes.azure_search_cases import service
from tests.contract.search_index_cases import DIMENSION, passage
from tests.stand_ins.search_service import KEY, SearchService

__all__ = ["service"]

BASE, FIRST, SECOND = "documents", "documents-v1-20261122t101010", "documents-v2-20261122t111111"


def open_indexes(service: SearchService, **changes: Any) -> AzureSearchIndexes:
    given = {"endpoint": service.url, "credential": AzureKeyCredential(KEY)}
    return AzureSearchIndexes(**(given | changes), analyzer="multilingual", semantic_ranker=False)


@pytest.fixture
async def indexes(service: SearchService) -> AsyncIterator[AzureSearchIndexes]:
    indexes = open_indexes(service)
    yield indexes
    await indexes.close()


def make(service: SearchService, *names: str) -> None:
    for name in names:
        body = make_index(name, dimension=DIMENSION, analyzer="multilingual").as_dict()
        service.resources.put_index(name, body, {})


def alias(service: SearchService, target: str) -> None:
    service.resources.put_alias(BASE, {"indexes": [target]}, {})


def pointed(service: SearchService) -> dict[str, str]:
    return {alias["name"]: alias["indexes"][0] for alias in service.resources.aliases()}


async def test_what_an_alias_points_to_is_adopted(
    indexes: AzureSearchIndexes, service: SearchService
) -> None:
    assert await indexes.adopted(BASE) is None
    make(service, FIRST, SECOND)
    alias(service, SECOND)
    assert await indexes.adopted(BASE) == SECOND


async def test_the_alias_is_created_and_moved(indexes: AzureSearchIndexes, service: SearchService) -> None:
    make(service, FIRST, SECOND)
    for name in (FIRST, FIRST, SECOND, FIRST):
        await indexes.point(BASE, name)
        assert pointed(service) == {BASE: name}


async def test_an_index_of_the_base_s_own_name_keeps_it_and_the_log_says_so(
    indexes: AzureSearchIndexes, service: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    make(service, BASE, SECOND)
    await indexes.point(BASE, BASE)
    assert caplog.messages == []
    await indexes.point(BASE, SECOND)
    assert caplog.messages == ["search_alias_kept"]
    assert pointed(service) == {}


async def test_who_may_not_manage_indexes_cannot_move_the_alias_and_the_log_says_so(
    indexes: AzureSearchIndexes, service: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    make(service, FIRST, SECOND)
    alias(service, FIRST)
    service.behave(may_define=False)
    for _ in range(3):  # the reconciler tries again and again
        await indexes.point(BASE, SECOND)
    assert pointed(service) == {BASE: FIRST}
    (record,) = caplog.records
    assert record.getMessage() == "search_alias_kept"
    assert "Search Service Contributor" in record.__dict__["reason"]


async def test_a_service_that_is_away_is_no_reason_to_leave_the_alias(
    indexes: AzureSearchIndexes, service: SearchService
) -> None:
    make(service, FIRST)
    service.behave(fail_next=1, status=503)
    with pytest.raises(BackendUnavailable):
        await indexes.point(BASE, FIRST)


async def test_an_index_that_is_gone_cannot_be_pointed_to(indexes: AzureSearchIndexes) -> None:
    with pytest.raises(BackendUnavailable, match="rag index build"):
        await indexes.point(BASE, FIRST)


@pytest.mark.parametrize("is_alias", [True, False])
async def test_who_may_not_manage_indexes_adopts_what_answers_to_the_base(
    indexes: AzureSearchIndexes, service: SearchService, *, is_alias: bool
) -> None:
    make(service, FIRST if is_alias else BASE)
    if is_alias:
        alias(service, FIRST)
    service.behave(may_define=False)
    name = await indexes.adopted(BASE)
    assert name == BASE
    for may_define in (False, True):  # the right may come later
        service.behave(may_define=may_define)
        index = indexes.open(name, dimension=DIMENSION)
        await index.write([passage()])
        assert await index.count() == 1
        await index.close()


async def test_who_may_not_manage_indexes_adopts_nothing_where_nothing_answers(
    indexes: AzureSearchIndexes, service: SearchService
) -> None:
    service.behave(may_define=False)
    assert await indexes.adopted(BASE) is None
    index = indexes.open(FIRST, dimension=DIMENSION)
    with pytest.raises(ConfigError, match="Search Service Contributor"):
        await index.count()
    await index.close()


async def test_a_key_that_is_refused_is_named(service: SearchService) -> None:
    indexes = open_indexes(service, credential=AzureKeyCredential("expired"))
    for call in (indexes.adopted(BASE), indexes.remove(FIRST)):
        with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_API_KEY"):
            await call
    await indexes.close()


async def test_an_index_that_an_alias_points_to_is_not_removed(
    indexes: AzureSearchIndexes, service: SearchService
) -> None:
    make(service, FIRST)
    alias(service, FIRST)
    with pytest.raises(BackendUnavailable, match="alias"):
        await indexes.remove(FIRST)


@pytest.mark.parametrize("endpoint", ["", "name.search.windows.net", "https://"])
def test_an_endpoint_that_is_no_address_is_refused_at_the_start(
    service: SearchService, endpoint: str
) -> None:
    with pytest.raises(ConfigError, match="AZURE_SEARCH_ENDPOINT"):
        open_indexes(service, endpoint=endpoint)
