"""What ingestion costs beside embedding: `python -m bench.ingest [PATH…]` writes its section of RESULTS.md.

Each corpus is ingested as the host does it (files put in the container, `--parallel` at a time), and then
the very same passages are embedded again with nothing around them and no cache. Embedding's share of the
pipeline's wall time and of its CPU time (children included) says what the pipeline adds: parsing, chunking,
writing, flipping. `--parse-only` and `--memory` write sections of their own.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import ingest_memory, ingest_parsing
from bench.ingest_corpus import copy, cpu_seconds, find, in_parallel
from bench.results import publish
from host.memory import share_arenas
from host.options import read_host_json
from shared.compose import open_services
from shared.compose.models import open_embedder
from shared.domain import Document, DocumentStatus, SearchQuery
from shared.ingest import pipeline
from shared.services import Services
from shared.settings import Settings, read_settings

ROOT = Path(__file__).parents[1]
CORPORA = {
    "samples": [ROOT / "samples"],
    "debian-policy": [Path("/usr/share/doc/debian-policy")],
    "python3-doc": [Path("/usr/share/doc/python3-doc/html"), Path("/usr/share/doc/python3.11/html")],
}
STAGES = ("parse", "chunk", "embed", "index", "show")


@dataclass(frozen=True, kw_only=True)
class Round:
    """One ingestion of a corpus, and the embedding of its passages alone."""

    indexed: list[Document]
    chunks: int
    seconds: float
    cpu: float
    embedded: int  # passages, each text once
    embedding_seconds: float
    embedding_cpu: float

    @property
    def share(self) -> float:
        """Of the embedder's own throughput that the pipeline reaches."""
        return self.embedding_seconds / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders, each a corpus")
    parser.add_argument("--files", type=int, default=15, help="at most, of each corpus; a fixed draw")
    parser.add_argument("--parallel", type=int, default=read_host_json(ROOT / "host.json").queues.batch_size)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median one is shown")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--parse-only", action="store_true", help="parse and chunk PDFs: pages/s and core")
    mode.add_argument("--memory", action="store_true", help="ingest 5,000 notes: memory and documents/s")
    arguments = parser.parse_args()
    share_arenas()  # as the host does
    if arguments.parse_only:
        ingest_parsing.run(arguments.paths, parallel=arguments.parallel)
    elif arguments.memory:
        ingest_memory.run(parallel=arguments.parallel)
    else:
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
    corpora = {path.name: [path] for path in arguments.paths} or CORPORA
    rows, stages = [], []
    for name, folders in corpora.items():
        files = find(folders, arguments.files)
        if not files:
            print(f"{name}: not on this machine; apt-get install {name}")
            continue
        rounds = [asyncio.run(measure(files, arguments.parallel)) for _ in range(arguments.rounds)]
        middle = sorted(rounds, key=lambda each: each.share)[len(rounds) // 2]
        rows.append(row(name, len(files), middle))
        stages.append(stage_row(name, middle.indexed))
        print(rows[-1], stages[-1], sep="\n")
    publish(
        "ingest",
        f"""## Ingestion (`python -m bench.ingest`)

At most {arguments.files} files of each corpus, {arguments.parallel} at a time, the default embedder;
the median of {arguments.rounds} rounds. *of wall*, *of CPU*: what embedding the same passages alone takes
of the pipeline's time; the first is the share of the embedder's own throughput that is reached.

| corpus | files | pages | chunks | documents/s | pages/s | chunks/s | embedder | of wall | of CPU |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Where the time of a document went, files at the same time waiting for each other:

| corpus | {" | ".join(STAGES)} | the rest | ms per document |
|---|{"---|" * (len(STAGES) + 2)}
{chr(10).join(stages)}
""",
        packages=("onnxruntime", "tantivy", "kreuzberg"),
    )


async def measure(files: list[Path], parallel: int) -> Round:
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(data=Path(folder))
        services = await open_services(settings)
        try:
            await services.embedder.embed_query("load the model")
            await services.parsers.parse(files[0], files[0].name)
            names = copy(files, settings.data / "uploads/shared")
            started, cpu = time.perf_counter(), cpu_seconds()
            await in_parallel((pipeline.ingest(name, services) for name in names), parallel)
            seconds = time.perf_counter() - started
            await services.parsers.close()  # only what has ended is counted
            cpu = cpu_seconds() - cpu
            texts = await stored_texts(services)
            documents = [document async for document in services.metadata.every_document()]
        finally:
            await services.close()
        unique = list(dict.fromkeys(texts))  # as the cache of embeddings has it
        embedding_seconds, embedding_cpu = await embed_alone(unique, settings, services.embed_batch, parallel)
    return Round(
        indexed=[document for document in documents if document.status is DocumentStatus.INDEXED],
        chunks=len(texts),
        seconds=seconds,
        cpu=cpu,
        embedded=len(unique),
        embedding_seconds=embedding_seconds,
        embedding_cpu=embedding_cpu,
    )


async def stored_texts(services: Services) -> list[str]:
    """What was embedded, in the order of the documents."""
    texts = []
    index = await services.shelf.live()
    embedding = await index.embedder.embed_query("anything")
    async for document in services.metadata.every_document():
        query = SearchQuery(
            text="anything",
            embedding=embedding,
            top_k=services.limits.max_chunks,
            readers=None,
            mode="vector",
            document_ids=frozenset({document.id}),
        )
        hits = await index.search_index.search(query)
        texts += [hit.chunk.embedding_text for hit in sorted(hits, key=lambda hit: hit.chunk.ordinal)]
    return texts


async def embed_alone(texts: list[str], settings: Settings, batch: int, parallel: int) -> tuple[float, float]:
    """(wall, CPU) seconds."""
    embedder = open_embedder(settings)
    try:
        await embedder.embed_query("load the model")
        started, cpu = time.perf_counter(), cpu_seconds()
        batches = (texts[at : at + batch] for at in range(0, len(texts), batch))
        await in_parallel((embedder.embed_passages(each) for each in batches), parallel)
        return time.perf_counter() - started, cpu_seconds() - cpu
    finally:
        await embedder.close()


def row(name: str, files: int, middle: Round) -> str:
    pages = sum(document.pages for document in middle.indexed)
    figures = (
        f"{len(middle.indexed)} of {files}",
        *(pages, middle.chunks),
        *(f"{count / middle.seconds:.1f}" for count in (len(middle.indexed), pages, middle.chunks)),
        f"{middle.embedded / middle.embedding_seconds:.1f}/s",
        f"{middle.share:.0%}",
        f"{middle.embedding_cpu / middle.cpu:.0%}",
    )
    return f"| {name} | {' | '.join(map(str, figures))} |"


def stage_row(name: str, indexed: list[Document]) -> str:
    """Each stage's share of the documents' time, of which a stage that did not occur took nothing."""
    spent = [dict(document.timings) for document in indexed]
    total = sum(timings["total"] for timings in spent)
    shares = [sum(timings.get(stage, 0.0) for timings in spent) / total for stage in STAGES]
    per_document = statistics.fmean(timings["total"] for timings in spent)
    columns = [f"{share:.1%}" for share in (*shares, 1 - sum(shares))]
    return f"| {name} | {' | '.join(columns)} | {per_document:,.0f} |"


if __name__ == "__main__":
    main()
