"""`python -m bench.ingest --parse-only [PATH…]`: text-PDF pages that are parsed and chunked per CPU second.

The CPU time is that of the whole process: the parent, which sends requests and chunks what comes back; the
fork server, its start included; and a child for each file. A host starts the server once, so few files are
parsed over and over.
"""

import asyncio
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ingest_corpus import cpu_seconds, find, in_parallel
from bench.parse import long_pdf
from bench.results import publish
from shared.errors import DocumentRejected
from shared.ingest.chunk import chunk
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool

PDF = re.compile(r"\.pdf", re.I)
RUNS = 2
PAGES = 1_500  # of a run, at least


@dataclass(kw_only=True)
class Figures:
    files: int = 0
    pages: int = 0  # with text
    chunks: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    parent_cpu: float = 0.0


def run(paths: list[Path], *, parallel: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        long = long_pdf(Path(folder) / "samples, 550 pages in one")
        corpora = {long.name: [long]} | {path.name: find([path], 10_000, PDF) for path in paths}
        rows = [row(name, asyncio.run(measure(files, parallel))) for name, files in corpora.items()]
    table = "\n".join(rows)
    print(table)
    publish(
        "ingest_parsing",
        f"""## Parsing and chunking, whole process (`python -m bench.ingest --parse-only [PATH…]`)

PDFs with a text layer, {parallel} at a time, the best of {RUNS} runs by CPU time. That is the parent's,
the fork server's with its start, and the children's. Few files are parsed over and over.

| corpus | parses | pages | chunks | pages/s and core | of CPU in the parent | pages/s |
|---|---|---|---|---|---|---|
{table}
""",
        packages=("pypdfium2", "semantic-text-splitter"),
    )


async def measure(files: list[Path], parallel: int) -> Figures:
    """Files that are rejected, or are pictures throughout, are found by a first run and left out."""
    texts: list[Path] = []
    first = await once(files, parallel, texts)
    repeated = sorted(texts) * -(-PAGES // first.pages)
    runs = [await once(repeated, parallel, []) for _ in range(RUNS)]
    return min(runs, key=lambda figures: figures.cpu)


async def once(files: list[Path], parallel: int, texts: list[Path]) -> Figures:
    """`texts` gets the files that have text."""
    figures = Figures()
    pool = ParserPool(workers=parallel, limits=ParseLimits())

    async def work(path: Path) -> None:
        try:
            document = await pool.parse(path, path.name)
        except DocumentRejected:
            return
        chunks = await asyncio.to_thread(chunk, document, document_id="bench", version=1)
        texts.extend([path] if chunks else [])
        figures.files += 1
        figures.pages += sum(bool(page.text) for page in document.pages)
        figures.chunks += len(chunks)

    started, cpu, parent_cpu = time.perf_counter(), cpu_seconds(), time.process_time()
    try:
        await in_parallel((work(path) for path in files), parallel)
    finally:
        await pool.close()  # only what has ended is counted
    figures.seconds = time.perf_counter() - started
    figures.cpu = cpu_seconds() - cpu
    figures.parent_cpu = time.process_time() - parent_cpu
    return figures


def row(name: str, figures: Figures) -> str:
    per_core, per_second = figures.pages / figures.cpu, figures.pages / figures.seconds
    return (
        f"| {name} | {figures.files} | {figures.pages} | {figures.chunks} | {per_core:.0f} "
        f"| {figures.parent_cpu / figures.cpu:.0%} | {per_second:.0f} |"
    )
