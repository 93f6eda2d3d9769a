"""How `AzureSearchIndex` finds or creates its index, and what it says of one that does not fit."""

import asyncio
from typing import Any

import pytest

from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.azure_search import AzureSearchIndex
from shared.search_indexes.azure_search_schema import make_index
from tests.adapters.search_indexes.azure_search_cases import INDEX, index, open_index, service
from tests.contract.search_index_cases import DIMENSION, ask, passage
from tests.stand_ins.search_service import SearchService

__all__ = ["index", "service"]


def schema(name: str, *, without: str | None = None, **changes: Any) -> dict[str, Any]:
    body = make_index(name, **({"dimension": DIMENSION, "analyzer": "de.microsoft"} | changes)).as_dict()
    return {**body, "fields": [field for field in body["fields"] if field["name"] != without]}


async def test_the_first_use_creates_the_index(index: AzureSearchIndex, service: SearchService) -> None:
    assert await index.count() == 0
    (created,) = service.resources.indexes()
    assert created["name"] == INDEX
    assert service.resources.aliases() == []
    fields = {field["name"]: field for field in created["fields"]}
    assert {name for name, field in fields.items() if field.get("filterable")} == {
        "id",
        "document_id",
        "version",
        "ordinal",
        "readers",
    }
    assert {name for name, field in fields.items() if field.get("analyzer") == "multilingual"} == {
        "title",
        "heading",
        "content",
    }
    assert fields["embedding"]["dimensions"] == DIMENSION
    assert fields["embedding"]["retrievable"] is False
    (profile,) = created["vectorSearch"]["profiles"]
    (algorithm,) = created["vectorSearch"]["algorithms"]
    (compression,) = created["vectorSearch"]["compressions"]
    assert profile == {"name": "passages", "algorithm": algorithm["name"], "compression": compression["name"]}
    assert algorithm["kind"] == "hnsw"
    assert compression["scalarQuantizationParameters"] == {"quantizedDataType": "int8"}
    assert compression["rescoringOptions"]["rescoreStorageMethod"] == "preserveOriginals"
    (semantic,) = created["semantic"]["configurations"]
    assert semantic["prioritizedFields"]["prioritizedContentFields"] == [{"fieldName": "content"}]


async def test_a_language_analyzer_is_set_on_every_text_field(service: SearchService) -> None:
    index = open_index(service, analyzer="de.microsoft")
    await index.write([passage(content="Straße")])
    (created,) = service.resources.indexes()
    assert [f["analyzer"] for f in created["fields"] if f.get("analyzer")] == ["de.microsoft"] * 3
    await index.close()


async def test_an_analyzer_that_the_service_does_not_know_is_named(service: SearchService) -> None:
    index = open_index(service, analyzer="xx.microsoft")
    with pytest.raises(ConfigError, match="AZURE_SEARCH_ANALYZER"):
        await index.count()
    await index.close()


async def test_the_definition_is_read_once_and_not_before_the_first_call(
    index: AzureSearchIndex, service: SearchService
) -> None:
    assert service.requests == []
    await asyncio.gather(*(index.count() for _ in range(5)))
    await index.count()
    about_it = [method for method, path, _ in service.requests if path == f"/indexes('{INDEX}')"]
    assert about_it == ["GET", "PUT", "GET"]


async def test_many_that_create_it_at_once_share_one_index(service: SearchService) -> None:
    service.behave(delay=0.05)  # so that all have asked before one has created
    rivals = [open_index(service) for _ in range(6)]
    await asyncio.gather(*(rival.write([passage(f"doc{n}")]) for n, rival in enumerate(rivals)))
    service.behave(delay=0.0)
    assert [index["name"] for index in service.resources.indexes()] == [INDEX]
    assert [method for method, _, _ in service.requests].count("PUT") > 1
    assert await rivals[0].count() == 6
    for rival in rivals:
        await rival.close()


async def test_a_name_that_is_an_alias_is_followed(index: AzureSearchIndex, service: SearchService) -> None:
    service.resources.put_index("other", schema("other"), {})
    service.resources.put_alias(INDEX, {"indexes": ["other"]}, {})
    await index.write([passage()])
    assert await index.count() == 1
    assert [index["name"] for index in service.resources.indexes()] == ["other"]


async def test_an_index_that_is_there_is_used_as_it_is(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.resources.put_index(INDEX, schema(INDEX), {})
    await index.write([passage()])
    assert await index.count() == 1
    assert "PUT" not in [method for method, _, _ in service.requests]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dimension": 4}, "takes embeddings of 4 numbers, not 16"),
        ({"without": "readers"}, "has no field readers"),
        ({"without": "embedding"}, "has no field embedding"),
    ],
)
async def test_an_index_of_another_schema_is_refused_with_the_fix(
    index: AzureSearchIndex, service: SearchService, changes: dict[str, Any], reason: str
) -> None:
    service.resources.put_index(INDEX, schema(INDEX, **changes), {})
    with pytest.raises(ConfigError, match=reason) as caught:
        await index.search(ask("x"))
    assert "AZURE_OPENAI_EMBEDDING_DIMENSION" in str(caught.value)
    assert "RAG_INDEX_NAME" in str(caught.value)
    assert "rag index build" in str(caught.value)


async def test_an_index_that_cannot_filter_by_readers_is_refused(
    index: AzureSearchIndex, service: SearchService
) -> None:
    body = schema(INDEX)
    for field in body["fields"]:
        field["filterable"] = field["name"] != "readers" and field.get("filterable")
    service.resources.put_index(INDEX, body, {})
    with pytest.raises(ConfigError, match="readers that is not filterable"):
        await index.count()


async def test_an_identity_without_the_right_to_definitions_uses_an_index_that_exists(
    service: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    service.resources.put_index(INDEX, schema(INDEX), {})
    service.behave(may_define=False)
    index = open_index(service)
    await index.write([passage()])
    assert await index.count() == 1
    assert "search_schema_unchecked" in caplog.messages
    await index.close()


async def test_an_identity_that_may_not_create_the_missing_index_is_told_its_role(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(may_define=False)
    with pytest.raises(ConfigError, match="Search Service Contributor"):
        await index.count()


async def test_a_failed_start_is_tried_again_by_the_next_call(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(fail_next=1, status=503, on="indexes")
    with pytest.raises(BackendUnavailable):
        await index.count()
    assert await index.count() == 0
