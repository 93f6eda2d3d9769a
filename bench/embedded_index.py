"""What the embedded search index takes to be filled, to search and to be opened again. For `bench.search`."""

import asyncio
import datetime
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

import numpy as np

from bench.instructions import counting
from bench.passages import (
    DIMENSION,
    Corpus,
    Floats,
    Kind,
    chunk_id,
)
from shared.domain import EVERYONE, SearchMode, SearchQuery
from shared.search_indexes.embedded import EmbeddedSearchIndex

_TOP = 10


@dataclass(frozen=True, kw_only=True)
class Row:
    """Times of searches in milliseconds: `_16` with 16 under way at once, `few` where 1 % may be read."""

    chunks: int
    vectors: Kind
    date: str
    p50: float
    p99: float
    cpu: float
    instructions: int | None  # per search
    p50_half: float
    p50_few: float
    p99_few: float
    per_second: float
    p50_16: float
    p99_16: float
    per_second_16: float
    recall: float
    build_seconds: float
    reopen_seconds: float
    memory: float  # MB
    disk: float  # MB


@dataclass(frozen=True, kw_only=True)
class Speed:
    p50: float
    p99: float
    per_second: float


async def build(index: EmbeddedSearchIndex, corpus: Corpus) -> float:
    """Seconds until the last chunk is searchable, without the making of the passages."""
    spent = 0.0
    for chunks in corpus.chunks():
        begin = time.perf_counter()
        await index.write(chunks)
        spent += time.perf_counter() - begin
    begin = time.perf_counter()
    last = chunks[-1].chunk
    among = frozenset({last.document_id})
    while not await index.search(query(last.title, None, "text", documents=among)):
        await asyncio.sleep(0.05)
    return spent + time.perf_counter() - begin


def query(
    text: str,
    embedding: Floats | None,
    mode: SearchMode = "hybrid",
    *,
    reader: str = EVERYONE,
    documents: frozenset[str] | None = None,
) -> SearchQuery:
    return SearchQuery(
        text=text,
        embedding=None if embedding is None else embedding.tolist(),
        top_k=_TOP,
        readers=frozenset({reader}),
        mode=mode,
        document_ids=documents,
    )


async def speed(index: EmbeddedSearchIndex, queries: Sequence[SearchQuery], at_once: int = 1) -> Speed:
    waiting = iter(queries)
    taken = []

    async def ask() -> None:
        for asked in waiting:
            begin = time.perf_counter()
            await index.search(asked)
            taken.append((time.perf_counter() - begin) * 1_000)

    begin = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(at_once)))
    seconds = time.perf_counter() - begin
    p50, p99 = np.percentile(taken, [50, 99])
    return Speed(p50=float(p50), p99=float(p99), per_second=len(queries) / seconds)


async def recall(index: EmbeddedSearchIndex, corpus: Corpus) -> float:
    exact = corpus.nearest(_TOP)
    found = 0
    for (_, vector), rows in zip(corpus.questions(), exact, strict=True):
        hits = await index.search(query("", vector, "vector"))
        found += len(set(map(chunk_id, rows.tolist())) & {hit.chunk.id for hit in hits})
    return found / exact.size


_REOPEN = """
import asyncio, sys, time
from pathlib import Path
from shared.domain import SearchQuery
from shared.search_indexes.embedded import EmbeddedSearchIndex

def memory():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024

async def main():
    begin = time.perf_counter()
    index = EmbeddedSearchIndex(Path(sys.argv[1]), "bench", int(sys.argv[2]))
    embedding = [1.0] + [0.0] * (int(sys.argv[2]) - 1)
    asked = SearchQuery(text="w1 w20 w300", embedding=embedding, top_k=10, readers=None)
    assert len(await index.search(asked)) == 10
    ready = time.perf_counter() - begin
    for _ in range(50):
        await index.search(asked)
    print(ready, memory())
    await index.close()

asyncio.run(main())
"""


def reopen(folder: Path) -> tuple[float, float]:
    """Seconds to the first answer of a new process, and its memory in MB."""
    command = [sys.executable, "-c", _REOPEN, str(folder), str(DIMENSION)]
    ready, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(ready), float(memory)


async def measure(corpus: Corpus, folder: Path) -> Row:
    index = EmbeddedSearchIndex(folder, "bench", DIMENSION)
    built = await build(index, corpus)
    questions = corpus.questions()
    everyone = list(starmap(query, questions))
    half, few = ([query(*each, reader=reader) for each in questions] for reader in ("half", "few"))
    await speed(index, everyone[:20])
    cpu = time.process_time()
    alone = await speed(index, everyone)
    cpu = time.process_time() - cpu
    with counting() as counted:
        await speed(index, everyone)
    together = await speed(index, everyone, at_once=16)
    of_half, of_few = await speed(index, half), await speed(index, few)
    found = await recall(index, corpus)
    await index.close()
    ready, memory = reopen(folder)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Row(
        chunks=corpus.size,
        vectors=corpus.kind,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        p50=alone.p50,
        p99=alone.p99,
        cpu=cpu * 1_000 / corpus.asked,
        instructions=counted.instructions and counted.instructions // corpus.asked,
        p50_half=of_half.p50,
        p50_few=of_few.p50,
        p99_few=of_few.p99,
        per_second=alone.per_second,
        p50_16=together.p50,
        p99_16=together.p99,
        per_second_16=together.per_second,
        recall=found,
        build_seconds=built,
        reopen_seconds=ready,
        memory=memory,
        disk=disk / 2**20,
    )
