"""An index version is filled beside the live one, whatever happens meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import EVERYONE, IndexState, user_reader
from shared.errors import Conflict, InvalidRequest
from shared.ingest import builds, documents, pipeline, versions
from shared.ingest.events import INGEST_QUEUE, StorageEvent, encode
from shared.ingest.reconcile import reconcile
from shared.services import Services
from tests.stand_ins.index_building import (
    building_services,
    close,
    drop_events,
    opened,
    shown,
    work_off,
    working,
)
from tests.stand_ins.pipeline_services import ingested, long_text, put

ADA = user_reader("ada")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = building_services(tmp_path)
    yield services
    await close(services)


async def library(services: Services, number: int = 7) -> list[str]:
    names = [f"shared/{n}.txt" for n in range(number)]
    for n, name in enumerate(names):
        await ingested(services, long_text(f"word{n}", pages=3), name)
    return names


async def live_name(services: Services) -> str:
    return (await services.shelf.live()).name


async def test_a_build_brings_every_document_into_the_new_index(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "_PAGE", 3)
    names = await library(services)
    version = await builds.build(services)
    assert version.name.startswith("documents-v2-")
    assert (await builds.count(version, services)) == builds.Counts(documents=0, missing=7, chunks=0)
    await work_off(services)
    assert (await builds.count(version, services)) == builds.Counts(documents=7, missing=0, chunks=21)
    assert await live_name(services) != version.name
    both = [await shown(services, index, EVERYONE) for index in (version.name, await live_name(services))]
    assert both[0] == both[1]
    assert sorted(both[0]) == names


async def test_a_build_waits_in_the_queue_a_page_at_a_time(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "_PAGE", 3)
    await library(services)
    version = await builds.build(services)
    assert await services.queue.length(versions.FILL_QUEUE) == 1
    await versions.work_off(versions.FillEvent(index=version.name), services)
    assert await services.queue.length(versions.FILL_QUEUE) == 1 + 3 + 1  # its documents, the next page


async def test_one_index_is_built_at_a_time(services: Services) -> None:
    await builds.build(services)
    with pytest.raises(Conflict, match="another index is being built"):
        await builds.build(services)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"embedder": "unheard-of"}, "unheard-of is not here"),
        ({"chars": 200, "overlap": 200}, "chunk_overlap must be less"),
    ],
)
async def test_what_cannot_be_built_is_refused_before_anything_is_recorded(
    services: Services, wanted: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        await builds.build(services, **wanted)  # type: ignore[arg-type]
    assert len(await services.shelf.versions(fresh=True)) == 1


async def test_what_was_lost_on_the_way_the_reconciler_sends_again(services: Services) -> None:
    await library(services)
    version = await builds.build(services)
    assert await drop_events(services) == 1
    assert (await reconcile(services, stuck_after=600)).filled == 7
    assert (await reconcile(services, stuck_after=600)).filled == 0, "what waits is not sent again"
    await work_off(services)
    assert (await builds.count(version, services)).missing == 0


async def test_of_a_large_gap_the_reconciler_sends_a_part_and_the_rest_follows(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.ingest.reconcile._FILLS", 3)
    await library(services)
    version = await builds.build(services)
    await drop_events(services)
    assert (await reconcile(services, stuck_after=600)).filled == 3
    await work_off(services)
    assert (await builds.count(version, services)).missing == 0


async def test_both_indexes_show_the_same_after_a_build_amid_changes(services: Services) -> None:
    names = await library(services, 12)
    chance = random.Random(7)
    version = await builds.build(services, chars=400)
    live = await live_name(services)
    async with working(services):
        for number in range(40):
            name = chance.choice([*names, f"shared/new{number}.txt"])
            await _change(name, number, chance, services)
    await reconcile(services, stuck_after=0)
    await work_off(services)

    for reader in (EVERYONE, ADA):
        assert await shown(services, version.name, reader) == await shown(services, live, reader)
    assert await shown(services, live, ADA), "some were shared with her"
    assert (await builds.count(version, services)).missing == 0
    stored = [
        {pair async for pair in (await opened(services, each)).versions()} for each in (live, version.name)
    ]
    assert stored[0] == stored[1], "no chunk of an older version is left in either"


async def _change(name: str, number: int, chance: random.Random, services: Services) -> None:
    what = chance.choice(["upload", "upload", "delete", "share"])
    if what == "upload":
        await put(services, long_text(f"change{number}", pages=chance.randint(1, 4)), name)
    elif what == "delete":
        await services.blobs.delete(name)
    else:
        found = await services.metadata.document(documents.document_id(name))
        if found is not None:
            readers = frozenset({chance.choice([EVERYONE, ADA])})
            await services.metadata.set_readers(found.id, readers, now=float(number))
            for index in await services.shelf.everywhere():
                await index.set_readers(found.id, readers)
    kind = "BlobDeleted" if what == "delete" else "BlobCreated"
    told = StorageEvent(name=name, type=f"Microsoft.Storage.{kind}")  # type: ignore[arg-type]
    await services.queue.send(INGEST_QUEUE, encode(told))
    await asyncio.sleep(chance.random() * 0.02)


async def test_an_event_for_an_index_that_was_removed_does_nothing(services: Services) -> None:
    names = await library(services, 2)
    version = await builds.build(services)
    await builds.remove(version.name, services)
    await versions.work_off(versions.FillEvent(index=version.name, document=names[0]), services)
    await work_off(services)
    assert (await builds.count(await _recorded(version.name, services), services)).documents == 0
    document = await services.metadata.document(documents.document_id(names[0]))
    assert document is not None
    assert [index for index, _ in document.held] == [await live_name(services)]


async def test_another_embedder_with_another_dimension_takes_over(services: Services) -> None:
    for number in range(20):
        await ingested(services, f"The edition says told{number}.", f"shared/{number}.txt")
    version = await builds.build(services, embedder="small")
    assert (version.embedder, version.dimension) == ("small", 64)
    await work_off(services)
    await builds.promote(version.name, services)
    index = await services.shelf.live()
    assert (index.name, index.embedder.name) == (version.name, "small")
    await ingested(services, "The edition says told99.", "shared/99.txt")
    question = await index.embedder.embed_query("ask99")
    assert len(question) == 64
    assert len(await shown(services, version.name, EVERYONE)) == 21


async def test_an_embedder_that_is_open_is_not_opened_twice(services: Services) -> None:
    version = await builds.build(services, embedder="thesaurus")
    assert services.shelf.open(version).embedder is services.embedder


async def test_a_removed_index_leaves_nothing_behind(services: Services, tmp_path: Path) -> None:
    names = await library(services, 2)
    version = await builds.build(services)
    await work_off(services)
    await builds.remove(version.name, services)
    assert not (tmp_path / "index" / version.name).exists()
    assert (await _recorded(version.name, services)).state is IndexState.REMOVED
    for name in names:
        document = await services.metadata.document(documents.document_id(name))
        assert document is not None
        assert version.name not in dict(document.held)
    again = await builds.build(services)
    assert again.number == 3


async def test_an_upload_goes_into_the_building_index_too(services: Services) -> None:
    version = await builds.build(services)
    await work_off(services)
    await put(services, long_text("late"), "shared/late.txt")
    assert await pipeline.ingest("shared/late.txt", services)
    await work_off(services)
    assert list(await shown(services, version.name, EVERYONE)) == ["shared/late.txt"]


async def _recorded(name: str, services: Services):
    return next(each for each in await services.shelf.versions(fresh=True) if each.name == name)
