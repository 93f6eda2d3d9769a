"""What every search index promises about overwriting, deleting, sharing, neighbours and checkpoints."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import user_reader
from shared.search_indexes.base import SearchIndex
from tests.contract.search_index_cases import (
    DIMENSION,
    OPENERS,
    PUBLIC,
    Opener,
    ask,
    fill,
    ids,
    passage,
    until_found,
)

ANN = user_reader("ann")


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


@pytest.fixture
async def index(opener: Opener, tmp_path: Path) -> AsyncIterator[SearchIndex]:
    index = opener(tmp_path, DIMENSION)
    yield index
    await index.close()


async def test_writing_an_id_again_replaces_its_chunk(index: SearchIndex) -> None:
    await fill(index, passage("doc", 0, "copper", angle=0), passage("doc", 1, "silver", angle=1))
    await index.write([passage("doc", 0, "golden", angle=2, readers=frozenset({ANN}))])
    await until_found(index, ask("golden", mode="text", readers=frozenset({ANN})), ["doc.1.0"])
    await until_found(index, ask("golden copper", mode="text"), [])
    assert await index.count() == 2
    hits = await index.search(ask(angle=2, mode="vector", readers=None))
    assert ids(hits) == ["doc.1.0", "doc.1.1"]
    assert hits[0].score == pytest.approx(1.0, abs=2e-3)


async def test_the_last_of_two_equal_ids_in_one_write_wins(index: SearchIndex) -> None:
    await fill(index, passage("doc", 0, "copper"), passage("end", 0, "mark"))
    await index.write([passage("doc", 0, "silver"), passage("doc", 0, "golden")])
    await until_found(index, ask("golden", mode="text"), ["doc.1.0"])
    await until_found(index, ask("silver", mode="text"), [])
    assert await index.count() == 2


async def test_all_versions_are_searchable_until_they_are_deleted(index: SearchIndex) -> None:
    old, new = passage("doc", 0, "copper", version=1), passage("doc", 0, "copper", version=2)
    await fill(index, old, new, passage("other", 0, "copper"))
    assert await index.delete_versions("doc", last=1) == 1
    await until_found(index, ask("copper", angle=0), ["doc.2.0", "other.1.0"])
    assert await index.delete_versions("doc", last=1) == 0
    assert await index.delete_versions("doc") == 1
    await until_found(index, ask("copper", angle=0), ["other.1.0"])
    assert await index.delete_versions("doc") == 0


async def test_a_range_of_versions_is_deleted_and_no_other(index: SearchIndex) -> None:
    await fill(index, *(passage("doc", 0, "copper", version=version) for version in (1, 2, 3, 4)))
    assert await index.delete_versions("doc", first=2, last=3) == 2
    assert {pair async for pair in index.versions()} == {("doc", 1), ("doc", 4)}


async def test_a_document_can_come_back_after_its_deletion(index: SearchIndex) -> None:
    await fill(index, passage("doc", 0, "copper"))
    await index.delete_versions("doc")
    await until_found(index, ask("copper", angle=0), [])
    await index.write([passage("doc", 0, "silver")])
    await until_found(index, ask("silver", mode="text"), ["doc.1.0"])
    await until_found(index, ask("copper", mode="text"), [])


async def test_versions_and_chunk_ids_tell_what_is_written(index: SearchIndex) -> None:
    await fill(
        index,
        passage("a", 0, version=1),
        passage("a", 1, version=1),
        passage("a", 0, version=3),
        passage("b", 0, version=2),
    )
    assert sorted([pair async for pair in index.versions()]) == [("a", 1), ("a", 3), ("b", 2)]
    assert await index.chunk_ids("a", 1) == {"a.1.0", "a.1.1"}
    assert await index.chunk_ids("a", 2) == frozenset()
    assert await index.chunk_ids("c", 1) == frozenset()
    assert await index.count() == 4


async def test_readers_are_set_for_every_version_of_a_document(index: SearchIndex) -> None:
    await fill(index, passage("doc", version=1), passage("doc", version=2), passage("other"))
    await index.set_readers("doc", frozenset({ANN}))
    for mode in ("hybrid", "text", "vector"):
        await until_found(index, ask("nothing", angle=0, mode=mode), ["other.1.0"])
        query = ask("nothing", angle=0, mode=mode, readers=frozenset({ANN}))
        await until_found(index, query, ["doc.1.0", "doc.2.0"])
    await index.set_readers("doc", PUBLIC | {ANN})
    await until_found(index, ask("nothing", angle=0), ["doc.1.0", "doc.2.0", "other.1.0"])
    await index.set_readers("unknown", PUBLIC)
    assert await index.count() == 3


@pytest.mark.parametrize(
    ("ordinal", "before", "after", "expected"),
    [
        (2, 1, 1, [1, 3]),
        (2, 2, 0, [0, 1]),
        (2, 0, 2, [3, 4]),
        (0, 3, 1, [1]),
        (4, 1, 3, [3]),
        (2, 9, 9, [0, 1, 3, 4]),
        (2, 0, 0, []),
    ],
)
async def test_neighbours_adjoin_a_chunk_in_reading_order(
    index: SearchIndex, ordinal: int, before: int, after: int, expected: list[int]
) -> None:
    wanted = [passage("doc", n, f"part{n}", version=2) for n in (3, 0, 4, 2, 1)]
    await fill(index, *wanted, passage("doc", 1, "older"), passage("other", 1, "another", version=2))
    found = await index.neighbours(f"doc.2.{ordinal}", before=before, after=after)
    assert [n.chunk.id for n in found] == [f"doc.2.{n}" for n in expected]
    by_id = {w.chunk.id: w for w in wanted}
    assert [n.chunk for n in found] == [by_id[n.chunk.id].chunk for n in found]
    assert [n.readers for n in found] == [PUBLIC] * len(found)


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(0, 9, [0, 1, 2, 3]), (1, 2, [1, 2]), (3, 3, [3]), (4, 9, [])]
)
async def test_passages_are_those_of_one_version_in_reading_order(
    index: SearchIndex, first: int, last: int, expected: list[int]
) -> None:
    wanted = {n: passage("doc", n, f"part{n}", version=2) for n in (3, 0, 2, 1)}
    await fill(index, *wanted.values(), passage("doc", 1, "older"), passage("other", 1, "another", version=2))
    found = await index.passages("doc", 2, first=first, last=last)
    assert found == [wanted[n].chunk for n in expected]


async def test_an_unknown_chunk_has_no_neighbours(index: SearchIndex) -> None:
    await fill(index, passage("doc", 0))
    assert await index.neighbours("doc.1.7", before=2, after=2) == []


async def test_what_is_written_stays_after_closing(opener: Opener, tmp_path: Path) -> None:
    first = opener(tmp_path, DIMENSION)
    await fill(first, passage("doc", 0, "copper", angle=0), passage("gone", 0, "copper", angle=1))
    await first.delete_versions("gone")
    await first.set_readers("doc", frozenset({ANN}))
    await first.close()
    second = opener(tmp_path, DIMENSION)
    await until_found(second, ask("copper", angle=0), [])
    await until_found(second, ask("copper", angle=0, readers=frozenset({ANN})), ["doc.1.0"])
    await second.close()
