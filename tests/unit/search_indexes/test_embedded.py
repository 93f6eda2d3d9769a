"""The embedded search index: recall, threads, and derived files that are missing or damaged."""

import asyncio
import contextlib
import random
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import tantivy

from shared.domain import Chunk, IndexedChunk, SearchQuery
from shared.errors import ConfigError
from shared.search_indexes.embedded import EmbeddedSearchIndex
from tests.contract.search_index_cases import DIMENSION, PUBLIC, ask, ids, passage, until_found


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EmbeddedSearchIndex]:
    index = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    yield index
    await index.close()


def text_folder(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "test").glob("text-*")
    return folder


async def test_what_was_just_written_is_found_before_the_text_index_has_it(
    index: EmbeddedSearchIndex, tmp_path: Path
) -> None:
    await index.write([passage("old", n, f"copper number {n}", angle=0.5) for n in range(120)])
    await until_found(index, ask("copper", mode="text", top_k=200), [f"old.1.{n}" for n in range(120)])
    folder = tantivy.Index.open(str(text_folder(tmp_path)))
    async with asyncio.timeout(20):
        writer = None
        while writer is None:  # another process that has the text index to itself
            with contextlib.suppress(ValueError):
                writer = folder.writer()
            await asyncio.sleep(0.05)
    await index.write([passage("new", 0, "zebrafish", angle=0.1)])
    found = await index.search(ask("copper zebrafish", angle=0.0, top_k=3))
    assert found[0].chunk.id == "new.1.0"
    assert await index.search(ask("zebrafish", mode="text")) == []
    del writer


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "\x00", "x" * 200])
def test_a_name_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        EmbeddedSearchIndex(tmp_path, name, DIMENSION)


async def test_nothing_is_opened_before_the_first_call(tmp_path: Path) -> None:
    index = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    assert list(tmp_path.iterdir()) == []
    await index.close()


async def test_98_of_100_exact_neighbours_among_random_vectors_are_found(tmp_path: Path) -> None:
    size, dimension = 5_000, 384
    numbers = np.random.default_rng(11)
    vectors = numbers.standard_normal((size + 50, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stored, questions = vectors[:size], vectors[size:]
    index = EmbeddedSearchIndex(tmp_path, "test", dimension)
    await index.write([_made(n, stored[n].tolist()) for n in range(size)])
    exact = np.argsort(-(questions @ stored.T), axis=1)[:, :10]
    found = 0
    for question, best in zip(questions, exact.tolist(), strict=True):
        hits = await index.search(
            SearchQuery(text="", embedding=question.tolist(), top_k=10, readers=PUBLIC, mode="vector")
        )
        found += len({hit.chunk.ordinal for hit in hits} & set(best))
    assert found / exact.size >= 0.98
    await index.close()


def _made(number: int, embedding: list[float]) -> IndexedChunk:
    chunk = Chunk(
        id=f"d.1.{number}",
        document_id="d",
        version=1,
        ordinal=number,
        page=1,
        title="",
        heading="",
        content="x",
    )
    return IndexedChunk(chunk=chunk, embedding=embedding, readers=PUBLIC)


async def test_a_deleted_text_index_is_built_again(index: EmbeddedSearchIndex, tmp_path: Path) -> None:
    await index.write([passage("doc", n, "copper") for n in range(5)])
    await index.delete_versions("doc")
    await index.write([passage("new", n, "copper") for n in range(5)])
    expected = [f"new.1.{n}" for n in range(5)]
    await until_found(index, ask("copper", mode="text"), expected)
    await index.close()
    shutil.rmtree(text_folder(tmp_path))
    again = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    assert await again.count() == 5
    await until_found(again, ask("copper", mode="text"), expected)
    await again.close()


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scramble(file: Path) -> None:
    file.write_bytes(random.Random(3).randbytes(file.stat().st_size))


def spoil_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 40] = b"\xff" * len(content[middle : middle + 40])
    file.write_bytes(content)


@pytest.mark.parametrize(
    "pattern", ["meta.json", ".managed.json", "*.term", "*.idx", "*.fast", "*.fieldnorm"]
)
@pytest.mark.parametrize("damage", [truncate, scramble, spoil_middle, Path.unlink])
async def test_a_damaged_text_index_is_built_again(
    index: EmbeddedSearchIndex, tmp_path: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    chunks = [passage("doc", n, f"copper wire of {n} and word{n % 7}") for n in range(300)]
    await index.write(chunks)
    await until_found(index, ask("copper", mode="text", top_k=500), [c.chunk.id for c in chunks])
    await index.close()
    for file in list(text_folder(tmp_path).glob(pattern)):
        damage(file)
    again = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    await until_found(again, ask("copper", mode="text", top_k=500), [c.chunk.id for c in chunks])
    await again.write([passage("new", 0, "zinc")])
    await until_found(again, ask("zinc", mode="text"), ["new.1.0"])
    await again.close()


async def test_a_text_index_ahead_of_its_record_is_built_again(
    index: EmbeddedSearchIndex, tmp_path: Path
) -> None:
    await index.write([passage("kept", 0, "copper")])
    await index.close()
    record = tmp_path / "test" / "chunks.sqlite"
    backup = record.read_bytes()
    newer = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    await newer.write([passage("lost", n, "copper") for n in range(3)])
    await newer.close()
    record.write_bytes(backup)
    restored = EmbeddedSearchIndex(tmp_path, "test", DIMENSION)
    await until_found(restored, ask("copper", mode="text"), ["kept.1.0"])
    await restored.write([passage("next", 0, "copper")])
    await until_found(restored, ask("copper", mode="text"), ["kept.1.0", "next.1.0"])
    await restored.close()


async def test_most_rows_may_die(index: EmbeddedSearchIndex) -> None:
    for version in range(1, 8):
        await index.write([passage("doc", n, "copper", version=version, angle=n / 400) for n in range(400)])
        await index.delete_versions("doc", last=version - 1)
        hits = await index.search(ask(angle=0, mode="vector", top_k=3))
        assert ids(hits) == [f"doc.{version}.{n}" for n in range(3)]
    await until_found(index, ask("copper", mode="text", top_k=500), [f"doc.7.{n}" for n in range(400)])


async def test_searches_from_many_threads_agree(index: EmbeddedSearchIndex) -> None:
    await index.write([passage("doc", n, f"copper word{n % 5}", angle=n / 100) for n in range(200)])
    queries = [ask(f"word{n % 5} copper", angle=n / 40) for n in range(40)]
    one_by_one = [await index.search(query) for query in queries]
    assert await asyncio.gather(*(index.search(query) for query in queries)) == one_by_one


async def test_what_is_like_the_first_few_comes_before_what_is_as_near_to_the_question(
    index: EmbeddedSearchIndex,
) -> None:
    """The first three lie on one side of the question, and two more at one distance on either side of it."""
    angles = {"a": 0.10, "b": 0.12, "c": 0.14, "same side": 0.60, "other side": -0.60}
    await index.write([passage(name, 0, "word", angle=angle) for name, angle in angles.items()])
    hits = await index.search(ask("word", angle=0.0))
    assert [hit.chunk.document_id for hit in hits] == ["a", "b", "c", "same side", "other side"]
