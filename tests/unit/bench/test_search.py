"""The search index is measured on the same passages each time, and compared with what is exact."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.embedded_index import measure
from bench.instructions import counting
from bench.passages import Corpus, Kind, chunk_id
from bench.search import line, report


@pytest.mark.parametrize("kind", ["clustered", "random"])
def test_the_same_passages_are_made_however_many_are_asked_for_at_once(kind: Kind) -> None:
    corpus = Corpus(size=1_200, kind=kind, block=1_000)
    (first, vectors), (second, more) = corpus.vectors()
    assert (first, len(vectors), second, len(more)) == (0, 1_000, 1_000, 200)
    again = [indexed for chunks in corpus.chunks(at_once=300) for indexed in chunks]
    assert [each.chunk.id for each in again] == [chunk_id(row) for row in range(1_200)]
    assert np.array_equal(again[1_199].embedding, more[-1])
    assert np.allclose(np.linalg.norm(more, axis=1), 1, atol=1e-5)
    assert again[1_000].chunk.content != again[0].chunk.content


def test_the_nearest_are_found_across_blocks() -> None:
    corpus = Corpus(size=1_050, kind="random", block=500)
    everything = np.vstack([vectors for _, vectors in corpus.vectors()])
    questions = np.stack([vector for _, vector in corpus.questions()])
    exact = np.argsort(-(questions @ everything.T), axis=1)[:, :10]
    found = corpus.nearest(10)
    assert found.shape == (400, 10)
    assert [set(row) for row in found.tolist()] == [set(row) for row in exact.tolist()]


@pytest.mark.slow
async def test_a_small_index_is_measured_and_told_in_a_row_per_size(tmp_path: Path) -> None:
    row = await measure(Corpus(size=1_000, kind="clustered", asked=30), tmp_path)
    assert row.chunks == 1_000
    assert row.recall > 0.99
    assert 0 < row.p50 <= row.p99
    assert row.cpu > 0
    assert row.disk > 1
    table = report([row, row]).split("\n\n")[-2].splitlines()
    assert table[2:] == [line(row)] * 2
    assert {each.count("|") for each in table} == {table[0].count("|")}


@pytest.mark.skipif(not shutil.which("perf"), reason="perf is not installed")
def test_perf_counts_what_is_done_and_tells_of_no_counter_that_is_not_there() -> None:
    with counting("task-clock") as counted:
        sum(range(3_000_000))
    assert counted.instructions is not None
    assert counted.instructions > 1  # milliseconds
    with counting("no-such-event") as counted:
        pass
    assert counted.instructions is None
