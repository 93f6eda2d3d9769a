"""What every set of search indexes promises: opened by name, adopted, pointed to, removed."""

import asyncio
import hashlib
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.base import SearchIndexes
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from tests.contract.search_index_cases import DIMENSION, ask, fill, open_azure_service, passage, until_found

Open: TypeAlias = Callable[[Path], SearchIndexes]
OPENERS: dict[str, Open] = {
    "embedded": EmbeddedSearchIndexes,
    "azure": lambda folder: open_azure_service(),
}


@pytest.fixture(params=OPENERS)
def open_indexes(request: pytest.FixtureRequest) -> Open:
    return OPENERS[request.param]


@pytest.fixture
async def indexes(open_indexes: Open, tmp_path: Path) -> AsyncIterator[SearchIndexes]:
    indexes = open_indexes(tmp_path)
    yield indexes
    await indexes.close()


@pytest.fixture
def base(tmp_path: Path) -> str:
    """Of this test's own: the service behind Azure's is shared by all."""
    return f"b{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"


def named(base: str, number: int) -> str:
    return f"{base}-v{number}-20261122t101010"


async def is_there(indexes: SearchIndexes, name: str) -> bool:
    """An index that has a name of its own is what that name stands for."""
    return await indexes.adopted(name) == name


async def test_an_index_comes_to_be_at_its_first_use(indexes: SearchIndexes, base: str) -> None:
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    assert (index.name, index.dimension) == (named(base, 1), DIMENSION)
    assert not await is_there(indexes, index.name)
    assert await index.count() == 0
    assert await is_there(indexes, index.name)
    await index.close()


async def test_two_indexes_know_nothing_of_each_other(indexes: SearchIndexes, base: str) -> None:
    blue = indexes.open(named(base, 1), dimension=DIMENSION)
    green = indexes.open(named(base, 2), dimension=8)
    await fill(blue, passage("blue", content="copper"))
    assert [pair async for pair in green.versions()] == []
    assert await green.search(ask("copper", mode="text")) == []
    with pytest.raises(ConfigError):
        await green.write([passage("blue")])
    await indexes.remove(green.name)
    await until_found(blue, ask("copper", mode="text"), ["blue.1.0"])
    await blue.close()
    await green.close()


async def test_an_index_that_was_made_for_another_dimension_is_refused(
    indexes: SearchIndexes, base: str
) -> None:
    made = indexes.open(named(base, 1), dimension=DIMENSION)
    await made.write([passage()])
    other = indexes.open(named(base, 1), dimension=8)
    with pytest.raises(ConfigError, match="build"):
        await other.count()
    await made.close()
    await other.close()


async def test_a_removed_index_is_gone_for_good(
    indexes: SearchIndexes, open_indexes: Open, base: str, tmp_path: Path
) -> None:
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    await fill(index, passage(content="copper"))
    await index.close()
    await indexes.remove(index.name)
    assert not await is_there(indexes, index.name)
    again = open_indexes(tmp_path).open(index.name, dimension=8)  # nothing of the old one is left
    assert await again.count() == 0
    await again.close()


async def test_an_index_that_is_not_there_is_none_to_remove(indexes: SearchIndexes, base: str) -> None:
    await indexes.remove(named(base, 1))
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    await index.count()
    await asyncio.gather(*(indexes.remove(named(base, 1)) for _ in range(5)))
    await indexes.remove(named(base, 1))
    assert not await is_there(indexes, index.name)
    await index.close()


async def test_a_search_in_an_index_that_is_removed_meanwhile_ends_well_or_says_so(
    indexes: SearchIndexes, base: str
) -> None:
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    await fill(index, *(passage("doc", n, "copper") for n in range(20)))
    answered = 0

    async def search() -> None:
        nonlocal answered
        while True:
            found = await index.search(ask("copper", angle=0, top_k=20))
            assert len(found) in (0, 20)
            answered += 1

    searching = [asyncio.create_task(search()) for _ in range(8)]
    while answered < 20:
        await asyncio.sleep(0.01)
    await indexes.remove(index.name)
    answered = 0
    while answered < 20 and not all(task.done() for task in searching):
        await asyncio.sleep(0.01)
    for task in searching:
        task.cancel()
    for ended in await asyncio.gather(*searching, return_exceptions=True):
        assert isinstance(ended, asyncio.CancelledError | BackendUnavailable), ended
    await index.close()


async def test_what_a_late_writer_leaves_of_a_removed_index_goes_with_the_next_removal(
    indexes: SearchIndexes, open_indexes: Open, base: str, tmp_path: Path
) -> None:
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    await index.write([passage("doc")])
    another = open_indexes(tmp_path)
    await another.remove(index.name)
    with suppress(BackendUnavailable):  # it may be told, or what it writes may be lost
        await index.write([passage("late")])
    await index.close()
    await another.remove(index.name)
    assert not await is_there(indexes, index.name)
    await another.close()


async def test_a_base_that_stands_for_nothing_adopts_nothing(indexes: SearchIndexes, base: str) -> None:
    assert await indexes.adopted(base) is None
    index = indexes.open(named(base, 1), dimension=DIMENSION)
    await index.count()
    assert await indexes.adopted(base) is None, "versions are recorded, not guessed"
    await index.close()


async def test_an_index_of_the_very_name_is_adopted(indexes: SearchIndexes, base: str) -> None:
    legacy = indexes.open(base, dimension=DIMENSION)
    await fill(legacy, passage())
    assert await indexes.adopted(base) == base
    await indexes.point(base, base)
    assert await indexes.adopted(base) == base
    await legacy.close()


async def test_pointing_can_be_repeated_and_moved(indexes: SearchIndexes, base: str) -> None:
    opened = [indexes.open(named(base, number), dimension=DIMENSION) for number in (1, 2)]
    for index in opened:
        await index.count()
        for _ in range(2):
            await indexes.point(base, index.name)
    await indexes.remove(named(base, 1))
    assert await is_there(indexes, named(base, 2))
    for index in opened:
        await index.close()


def _search_while_it_goes(folder: Path, name: str) -> set[int]:
    async def search() -> set[int]:
        index = EmbeddedSearchIndexes(folder).open(name, dimension=DIMENSION)
        counts = {len(await index.search(ask("copper", angle=0, top_k=5)))}
        (folder / "searched").touch()
        after = 0
        while after < 50:
            is_gone = (folder / "removed").exists()
            after += is_gone
            try:
                counts.add(len(await index.search(ask("copper", angle=0, top_k=5))))
            except BackendUnavailable:  # a thread that had no connection yet found half of the files
                if is_gone:  # `SearchIndexes.remove` lets it be refused while the files go, no longer
                    raise
        await index.close()
        return counts

    return asyncio.run(asyncio.wait_for(search(), 60))


def _remove_once_it_is_searched(folder: Path, name: str) -> set[int]:
    deadline = time.monotonic() + 60
    while not (folder / "searched").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    asyncio.run(EmbeddedSearchIndexes(folder).remove(name))
    (folder / "removed").touch()
    return set()


@pytest.mark.slow
async def test_another_process_goes_on_with_the_index_that_it_has_open_or_is_refused(tmp_path: Path) -> None:
    """Of the embedded ones: behind a service all processes are one."""
    index = EmbeddedSearchIndexes(tmp_path).open("documents-v1", dimension=DIMENSION)
    await fill(index, *(passage("doc", n, "copper") for n in range(5)))
    await index.close()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        counts, _ = await asyncio.gather(
            *(
                loop.run_in_executor(pool, work, tmp_path, index.name)
                for work in (_search_while_it_goes, _remove_once_it_is_searched)
            )
        )
    assert counts <= {0, 5}
    await EmbeddedSearchIndexes(tmp_path).remove(index.name)
    assert {path.name for path in tmp_path.iterdir()} == {"searched", "removed"}
