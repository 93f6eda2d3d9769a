"""What `rag doctor` says of the search index: the live one by its record, and those beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import doctor_indexes
from cli.doctor_findings import Check
from cli.doctor_indexes import check_index_versions, check_live_index, check_search_index
from shared.domain import IndexVersion
from shared.errors import ConfigError
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.services import Services
from tests.stand_ins.half_broken import HalfBroken, answers, fails
from tests.stand_ins.hashing_embedder import DIMENSION, HashingEmbedder
from tests.stand_ins.pipeline_services import ingested, live_index
from tests.unit.cli.doctor_words import levels, said, told


def opens(name: str, dimension: int) -> Any:
    if name == "unknown":
        raise ConfigError("the embedder unknown is not here; prepare it with `rag weights`")
    return HashingEmbedder()


def versions(services: Services, **changes: Any) -> Check:
    embedder: Any = HalfBroken(services.embedder, **changes)
    return check_index_versions(services.metadata, embedder, "documents", opens)


def live(services: Services, **changes: Any) -> Check:
    given = {"metadata": services.metadata, "embedder": services.embedder} | changes
    return check_live_index(services.shelf.indexes, "documents", **given)


def beside(number: int, embedder: str = "hashing") -> IndexVersion:
    return IndexVersion(
        name=f"documents-v{number}",
        base="documents",
        number=number,
        embedder=embedder,
        dimension=DIMENSION,
        chunk_chars=900,
        chunk_overlap=120,
        created_at=1.0,
    )


async def test_before_the_first_start_there_is_no_version(services: Services) -> None:
    assert "first start" in await told(versions(services), "ok")


async def test_each_version_is_listed_with_what_it_holds(services: Services) -> None:
    await ingested(services, "A lease ends after six months.")
    before = (await services.shelf.live()).name
    await services.metadata.add_index(beside(2))
    await services.metadata.switch_index("documents", "documents-v2", expected=before, now=2.0)
    await services.metadata.switch_index("documents", before, expected="documents-v2", now=3.0)
    await services.metadata.add_index(beside(3))
    assert await said(versions(services)) == [
        ("ok", f"{before} (live, hashing): 1 of 1 documents"),
        ("ok", "documents-v2 (standby, hashing): 0 of 1 documents"),
        ("ok", "documents-v3 (building, hashing): 0 of 1 documents"),
    ]
    await services.metadata.remove_index("documents", "documents-v3", now=4.0)
    assert len(await said(versions(services))) == 2


async def test_a_live_index_that_lacks_documents_is_a_warning(services: Services) -> None:
    await ingested(services, "A lease ends after six months.")
    await services.metadata.forget_index((await services.shelf.live()).name)
    assert "0 of 1 documents" in await told(versions(services), "warn")


async def test_an_index_whose_embedder_is_not_here_fails_with_the_way_out(services: Services) -> None:
    await services.shelf.live()
    await services.metadata.add_index(beside(2, "unknown"))
    assert "rag weights" in await told(versions(services), "FAIL")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"name": "hashing"}, "ok"),
        ({"name": "another"}, "warn"),
        ({"name": "third"}, "FAIL"),
        ({"dimension": 8}, "FAIL"),
    ],
)
async def test_a_setting_that_differs_from_the_live_index_is_told_with_the_way_out(
    services: Services, wanted: dict[str, Any], expected: str
) -> None:
    """No host starts with an embedder that no version has ever had."""
    await services.shelf.live()
    await services.metadata.add_index(beside(2, "another"))
    found = await said(versions(services, **wanted))
    assert found[-1][0] == expected
    assert ("rag index build" in found[-1][1]) == (expected != "ok")


async def test_the_live_index_is_looked_at_by_its_record(services: Services) -> None:
    await ingested(services, "A lease ends after six months.")
    name = (await services.shelf.live()).name
    found = await said(live(services, embedder=ConfigError("no weights")))
    assert found[0] == ("ok", f"{name}: 1 passages, {DIMENSION} numbers each")
    assert [level for level, _ in found] == ["ok", "ok"]


@pytest.mark.parametrize("metadata", [None, ConfigError("not an address")])
async def test_an_index_that_would_be_adopted_is_looked_at(services: Services, metadata: Any) -> None:
    legacy = services.shelf.indexes.open("documents", dimension=DIMENSION)
    await legacy.count()
    found = await said(live(services, metadata=metadata or services.metadata))
    assert found[0] == ("ok", f"documents: 0 passages, {DIMENSION} numbers each")
    assert await legacy.count() == 0
    await legacy.close()


async def test_a_record_that_cannot_be_read_does_not_hide_what_the_index_says(services: Services) -> None:
    metadata: Any = HalfBroken(services.metadata, index_versions=fails)
    assert await levels(live(services, metadata=metadata)) == ["ok", "ok"]


async def test_without_record_and_embedder_the_reason_is_that_of_the_embedder(services: Services) -> None:
    assert await told(live(services, embedder=ConfigError("no weights")), "FAIL") == "no weights"


async def test_a_live_index_that_was_emptied_fails(services: Services) -> None:
    await ingested(services, "A lease ends after six months.")
    index = await live_index(services)
    for document_id, version in [pair async for pair in index.versions()]:
        await index.delete_versions(document_id, first=version, last=version)
    assert "is empty" in await told(live(services), "FAIL")


async def test_an_index_with_another_dimension_fails(services: Services) -> None:
    await ingested(services, "A lease ends after six months.")
    [recorded] = await services.metadata.index_versions("documents")
    metadata: Any = HalfBroken(services.metadata, index_versions=answers([replace(recorded, dimension=8)]))
    assert "256" in await told(live(services, metadata=metadata), "FAIL")


async def test_an_index_that_does_not_find_what_was_written_fails(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_indexes, "_VISIBLE_WITHIN", 0.2)
    index: Any = HalfBroken(await live_index(services), search=answers([]))
    assert "cannot be found" in await told(check_search_index(index), "FAIL")
    assert await index.count() == 0


async def test_an_index_of_the_check_s_own_goes_also_after_a_failure(
    services: Services, tmp_path: Path
) -> None:
    class Failing(EmbeddedSearchIndexes):
        def open(self, name: str, *, dimension: int) -> Any:
            return HalfBroken(super().open(name, dimension=dimension), search=fails)

    check = check_live_index(Failing(tmp_path / "own"), "documents", services.metadata, services.embedder)
    assert (await said(check))[-1][0] == "FAIL"
    assert list((tmp_path / "own").iterdir()) == []
