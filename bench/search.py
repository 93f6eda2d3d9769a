"""Speed, recall and size of the embedded search index: `python -m bench.search --sizes 10000 100000`.

Words follow Zipf's law, as those of real passages do. Vectors are drawn once around 1,000 centres, which is
what embeddings of real text look like to an index, and once evenly, which is harder than any real case.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bench.passages import DIMENSION, QUESTIONS, Corpus, Floats, make_corpus
from bench.results import replace_section
from shared.domain import EVERYONE, Chunk, Hit, IndexedChunk, SearchMode, SearchQuery
from shared.search_indexes.embedded import EmbeddedSearchIndex

CHUNKS_PER_DOCUMENT = 20
WORDS = 140
COLUMNS = (
    "chunks", "vectors", "p50 ms", "p99 ms", "CPU ms", "p50 half readable",
    "p50 1 % readable", "p99 1 % readable",
    "recall@10", "queries/s, 1", "queries/s, 16", "build s", "reopen s", "memory MB", "disk MB",
)  # fmt: skip


def readers_of(document: int) -> frozenset[str]:
    """Everyone reads all, `half` every other document, `few` one in a hundred."""
    names = (
        {EVERYONE} | ({"half"} if document % 2 == 0 else set()) | ({"few"} if document % 100 == 0 else set())
    )
    return frozenset(names)


def make_chunk(row: int, corpus: Corpus) -> IndexedChunk:
    document, ordinal = divmod(row, CHUNKS_PER_DOCUMENT)
    chunk = Chunk(
        id=f"d{document}.1.{ordinal}",
        document_id=f"d{document}",
        version=1,
        ordinal=ordinal,
        page=ordinal // 3 + 1,
        title=f"Document {document}",
        heading="",
        content=corpus.text(WORDS),
    )
    return IndexedChunk(chunk=chunk, embedding=corpus.vectors[row], readers=readers_of(document))


async def build(index: EmbeddedSearchIndex, corpus: Corpus) -> float:
    """Seconds until the last chunk is searchable, without the making of the passages."""
    spent = 0.0
    size = len(corpus.vectors)
    for start in range(0, size, 1_000):
        chunks = [make_chunk(row, corpus) for row in range(start, min(start + 1_000, size))]
        begin = time.perf_counter()
        await index.write(chunks)
        spent += time.perf_counter() - begin
    begin = time.perf_counter()
    words = chunks[-1].chunk.title
    while not await index.search(
        query(words, None, "text", documents=frozenset({f"d{(size - 1) // CHUNKS_PER_DOCUMENT}"}))
    ):
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
        top_k=10,
        readers=frozenset({reader}),
        mode=mode,
        document_ids=documents,
    )


async def latencies(index: EmbeddedSearchIndex, queries: list[SearchQuery]) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one query at a time."""
    taken = []
    for asked in queries:
        begin = time.perf_counter()
        await index.search(asked)
        taken.append((time.perf_counter() - begin) * 1_000)
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50), float(p99)


async def throughput(
    search: Callable[[SearchQuery], Awaitable[list[Hit]]], queries: list[SearchQuery], at_once: int
) -> float:
    waiting = iter(queries)

    async def worker() -> None:
        for asked in waiting:
            await search(asked)

    begin = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return len(queries) / (time.perf_counter() - begin)


async def recall(index: EmbeddedSearchIndex, corpus: Corpus) -> float:
    exact = np.argsort(-(corpus.questions @ corpus.vectors.T), axis=1)[:, :10]
    found = 0
    for question, rows in zip(corpus.questions, exact, strict=True):
        hits = await index.search(query("", question, "vector"))
        ids = {f"d{row // CHUNKS_PER_DOCUMENT}.1.{row % CHUNKS_PER_DOCUMENT}" for row in rows.tolist()}
        found += len(ids & {hit.chunk.id for hit in hits})
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


async def measure(size: int, kind: str, folder: Path) -> list[str]:
    corpus = make_corpus(size, kind)
    index = EmbeddedSearchIndex(folder, "bench", DIMENSION)
    built = await build(index, corpus)
    texts = [corpus.text(8) for _ in range(QUESTIONS)]

    def asked_by(reader: str) -> list[SearchQuery]:
        return [query(t, e, reader=reader) for t, e in zip(texts, corpus.questions, strict=True)]

    everyone = asked_by(EVERYONE)
    await latencies(index, everyone[:20])
    begin = time.process_time()
    p50, p99 = await latencies(index, everyone)
    spent = (time.process_time() - begin) * 1_000 / len(everyone)
    half, _ = await latencies(index, asked_by("half"))
    few, few_p99 = await latencies(index, asked_by("few"))
    alone, together = [await throughput(index.search, everyone, n) for n in (1, 16)]
    found = await recall(index, corpus)
    await index.close()
    ready, memory = reopen(folder)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    return [
        f"{size:,}", kind, f"{p50:.1f}", f"{p99:.1f}", f"{spent:.1f}", f"{half:.1f}",
        f"{few:.1f}", f"{few_p99:.1f}",
        f"{found:.3f}", f"{alone:.0f}", f"{together:.0f}", f"{built:.1f}", f"{ready:.2f}", f"{memory:.0f}",
        f"{disk:.0f}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument(
        "--vectors", nargs="+", choices=["clustered", "random"], default=["clustered", "random"]
    )
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    options = parser.parse_args()
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for size in options.sizes:
        for kind in options.vectors:
            with tempfile.TemporaryDirectory() as folder:
                lines.append("| " + " | ".join(asyncio.run(measure(size, kind, Path(folder)))) + " |")
            print(lines[-1], flush=True)
    print("\n".join(lines))
    if not options.dry:
        replace_section("search", _report(lines), packages=("tantivy", "numkong", "numpy"))


def _report(lines: list[str]) -> str:
    table = "\n".join(lines)
    return f"""## Embedded search index: `python -m bench.search`

One hybrid search of 8 words with its vector ({DIMENSION} numbers) given, top 10 of chunks of {WORDS} words;
memory is that of a process that only searches, after 50 queries. On a machine with
other work, read the CPU time: it is that of the whole process for one query at a time.

{table}"""


if __name__ == "__main__":
    main()
