"""The live index is switched in one step, back again, and what is no longer needed goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.domain import EVERYONE, IndexState, IndexVersion, Principal, Question
from shared.errors import BackendUnavailable, ConfigError, Conflict, NotFound
from shared.ingest import builds
from shared.ingest.events import INGEST_QUEUE, StorageEvent, encode
from shared.ingest.reconcile import reconcile
from shared.query import retrieve
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.services import Services
from tests.stand_ins.index_building import building_services, close, shown, work_off, working
from tests.stand_ins.pipeline_services import ingested, long_text, put

ADA = Principal(user_id="ada", email="ada@example.org")


class PointedIndexes(EmbeddedSearchIndexes):
    """Remembers where the base points to; `is_down` fails once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pointed: dict[str, str] = {}
        self.is_down = False

    async def point(self, base: str, name: str) -> None:
        if self.is_down:
            self.is_down = False
            raise BackendUnavailable("the search service is away")
        self.pointed[base] = name


@pytest.fixture
def indexes(tmp_path: Path) -> PointedIndexes:
    return PointedIndexes(tmp_path / "index")


@pytest.fixture
async def services(tmp_path: Path, indexes: PointedIndexes) -> AsyncIterator[Services]:
    services = building_services(tmp_path, indexes=indexes)
    yield services
    await close(services)


async def built(services: Services, **wanted: object) -> IndexVersion:
    version = await builds.build(services, **wanted)  # type: ignore[arg-type]
    await work_off(services)
    return version


async def states(services: Services) -> dict[int, str]:
    return {each.number: each.state.value for each in await services.shelf.versions(fresh=True)}


@asynccontextmanager
async def querying(ask: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Asks without a pause beside the test, which fails with the first question that does."""
    is_over = False

    async def go_on() -> None:
        while not is_over:
            await ask()
            await asyncio.sleep(0)

    asking = asyncio.create_task(go_on())
    try:
        yield
    finally:
        is_over = True
        await asking


async def test_a_promotion_and_a_rollback_are_one_step_for_queries(services: Services) -> None:
    names = {f"shared/{number}.txt" for number in range(6)}
    for name in names:
        await ingested(services, long_text(name[7], pages=2), name)
    answered_from: list[str] = []

    async def ask() -> None:
        index = await services.shelf.live()
        result = await retrieve.search(
            Question(text="edition", top_k=40), ADA, index=index, metadata=services.metadata, timeout=30
        )
        found = result.passages
        known = await services.metadata.documents([passage.chunk.document_id for passage in found])
        assert {passage.document_name for passage in found} >= names, f"{index.name} lacks some"
        versions = {(passage.chunk.document_id, passage.chunk.version) for passage in found}
        assert len(versions) == len(known), "one version of each"
        answered_from.append(index.name)

    async with querying(ask), working(services):
        version = await builds.build(services, embedder="small", chars=300)
        for number in range(10):
            name = f"shared/new{number}.txt"
            await put(services, long_text(f"new{number}", pages=2), name)
            await services.queue.send(
                INGEST_QUEUE, encode(StorageEvent(name=name, type="Microsoft.Storage.BlobCreated"))
            )
        while (await builds.count(version, services)).missing:
            await asyncio.sleep(0.05)
        await builds.promote(version.name, services)
        switched = len(answered_from)
        await _until(lambda: len(answered_from) > switched + 5)
        await builds.rollback(services)
        returned = len(answered_from)
        await _until(lambda: len(answered_from) > returned + 5)
    first = answered_from[0]
    assert {first, version.name} == set(answered_from)
    assert answered_from[switched + 2] == version.name
    assert answered_from[-1] == first


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_rollback_serves_what_was_uploaded_since_the_promotion(services: Services) -> None:
    await ingested(services, long_text("before"), "shared/before.txt")
    version = await built(services)
    await builds.promote(version.name, services)
    await ingested(services, long_text("after"), "shared/after.txt")
    await ingested(services, long_text("changed"), "shared/before.txt")
    await work_off(services)
    back = await builds.rollback(services)
    assert back.number == 1
    assert await states(services) == {1: "live", 2: "standby"}
    found = await shown(services, back.name, EVERYONE)
    assert found == await shown(services, version.name, EVERYONE)
    assert "changed" in found["shared/before.txt"][1][0]
    assert "after" in found["shared/after.txt"][1][0]


async def test_a_rollback_goes_to_the_one_that_was_live_last(services: Services) -> None:
    for _ in range(2):
        await builds.promote((await built(services)).name, services)
    assert await states(services) == {1: "standby", 2: "standby", 3: "live"}
    assert (await builds.rollback(services)).number == 2


async def test_without_one_that_was_live_there_is_no_way_back(services: Services) -> None:
    await built(services)
    with pytest.raises(Conflict, match="no index that was live before"):
        await builds.rollback(services)


async def test_what_cannot_be_live_is_not_promoted(services: Services) -> None:
    live = await services.shelf.live()
    with pytest.raises(Conflict, match="live already"):
        await builds.promote(live.name, services)
    with pytest.raises(NotFound):
        await builds.promote("documents-v9-20260101t000000", services)
    gone = await built(services)
    await builds.remove(gone.name, services)
    with pytest.raises(NotFound):
        await builds.promote(gone.name, services)


async def test_an_index_whose_embedder_this_process_has_not_is_not_promoted(
    services: Services, tmp_path: Path
) -> None:
    version = await built(services, embedder="small")
    other = building_services(tmp_path)
    lacking: dict[str, object] = {}

    def open_embedder(name: str, dimension: int | None):
        lacking[name] = dimension
        raise ConfigError(f"the embedder {name} is not here")

    other.shelf._open_embedder = open_embedder
    with pytest.raises(Conflict, match="small is not here"):
        await builds.promote(version.name, other)
    assert lacking == {"small": 64}
    assert await states(services) == {1: "live", 2: "building"}
    await close(other)


async def test_the_live_index_is_never_removed(services: Services) -> None:
    live = await services.shelf.live()
    with pytest.raises(Conflict, match="is live; promote another"):
        await builds.remove(live.name, services)
    await reconcile(services, stuck_after=600, index_grace=0)
    assert await states(services) == {1: "live"}


async def test_what_was_live_is_kept_for_its_grace_and_removed_after_it(
    services: Services, tmp_path: Path
) -> None:
    document = await ingested(services, long_text("kept"))
    before = await services.shelf.live()
    version = await built(services)
    await builds.promote(version.name, services)
    await reconcile(services, stuck_after=600, index_grace=60)
    assert await states(services) == {1: "standby", 2: "live"}
    await reconcile(services, stuck_after=600, index_grace=0)
    assert await states(services) == {1: "removed", 2: "live"}
    assert not (tmp_path / "index" / before.name).exists()
    found = await services.metadata.document(document.id)
    assert found is not None
    assert dict(found.held) == {version.name: 1}
    assert len(await shown(services, version.name, EVERYONE)) == 1


async def test_what_a_crash_left_of_a_removed_index_the_reconciler_clears_away(
    services: Services, tmp_path: Path
) -> None:
    document = await ingested(services, long_text("kept"))
    version = await built(services)
    # Killed right after the one write that says so.
    assert await services.metadata.remove_index("documents", version.name, now=version.created_at + 3600)
    assert (tmp_path / "index" / version.name).exists()
    await reconcile(services, stuck_after=600)
    assert not (tmp_path / "index" / version.name).exists()
    found = await services.metadata.document(document.id)
    assert found is not None
    assert version.name not in dict(found.held)


async def test_an_alias_that_missed_the_switch_is_pointed_by_the_reconciler(
    services: Services, indexes: PointedIndexes
) -> None:
    before = (await services.shelf.live()).name
    version = await built(services)
    indexes.is_down = True
    with pytest.raises(BackendUnavailable):
        await builds.promote(version.name, services)
    assert (await services.shelf.live()).name == version.name
    assert indexes.pointed == {"documents": before}
    await reconcile(services, stuck_after=600)
    assert indexes.pointed == {"documents": version.name}


async def test_the_record_tells_what_was_counted_last(services: Services) -> None:
    await ingested(services, long_text("counted", pages=3))
    version = await built(services)
    await reconcile(services, stuck_after=600)
    found = await builds.find(version.name, services)
    assert (found.state, found.documents, found.chunks) == (IndexState.BUILDING, 1, 3)
    await builds.remove(version.name, services)
    removed = next(each for each in await services.shelf.versions() if each.name == version.name)
    assert await builds.count(removed, services) == builds.Counts(documents=1, missing=0, chunks=3)
