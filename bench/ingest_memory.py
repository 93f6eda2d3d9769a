"""`python -m bench.ingest --memory`: what 5,000 notes of a page leave in the parent's memory, and how fast.

They go through all of the pipeline, parsed in children and with the cache of embeddings; only the embedder
is a stand-in that takes no time, so that documents/s are what everything else allows.
"""

import asyncio
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.ingest_corpus import cpu_seconds, in_parallel, resident_mib
from bench.results import publish
from shared.compose import open_services
from shared.compose.plugs import open_search_indexes
from shared.domain import DocumentStatus, Embedding
from shared.embedders.cached import CachedEmbedder
from shared.ingest import pipeline
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.shelf import Chunking, IndexShelf

DOCUMENTS = 5_000
STEP = 500
WORDS = 120  # of a note: one chunk


class HashingEmbedder:
    """A text's hash seeds its embedding."""

    name = "hashing"
    dimension = 384

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:  # noqa: ARG002
        return [self._embedding(text) for text in texts]

    async def embed_query(self, text: str) -> Embedding:
        return self._embedding(text)

    async def close(self) -> None:
        pass

    def _embedding(self, text: str) -> Embedding:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        numbers = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        return list(map(float, numbers / np.linalg.norm(numbers)))


def run(*, parallel: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        section = asyncio.run(measure(read_settings(data=Path(folder)), parallel))
    print(section)
    publish("ingest_memory", section, packages=("tantivy", "numpy"))


async def measure(settings: Settings, parallel: int) -> str:
    names = write_notes(settings.data / "uploads/shared")
    services = await with_hashing(await open_services(settings), settings)
    memory: list[float] = []
    try:
        await pipeline.ingest(next(names), services)  # loads the libraries
        memory.append(resident_mib())
        started, cpu = time.perf_counter(), cpu_seconds()
        while batch := [name for _, name in zip(range(STEP), names, strict=False)]:
            await in_parallel((pipeline.ingest(name, services) for name in batch), parallel)
            memory.append(resident_mib())
            print(f"{memory[-1]:.0f} MiB, {STEP * (len(memory) - 1) / (time.perf_counter() - started):.0f}/s")
        seconds = time.perf_counter() - started
        await services.parsers.close()  # only what has ended is counted
        cpu = cpu_seconds() - cpu
        counts = await services.metadata.count_documents()
        spent = [dict(each.timings) async for each in services.metadata.every_document()]
    finally:
        await services.close()
    indexed = counts[DocumentStatus.INDEXED]
    stages = {stage: statistics.median(each.get(stage, 0.0) for each in spent) for stage in spent[0]}
    return f"""## Many small documents (`python -m bench.ingest --memory`)

{indexed:,} notes of {WORDS} words, {parallel} at a time, embeddings from a stand-in that takes no time.

| what | figure |
|---|---|
| parent's memory (RSS) after the first | {memory[0]:.0f} MiB |
| … after {STEP} | {memory[1]:.0f} MiB |
| … at most, looked at every {STEP} | {max(memory):.0f} MiB |
| … at the end | {memory[-1]:.0f} MiB |
| documents/s | {indexed / seconds:.0f} |
| CPU per document, children included | {1000 * cpu / indexed:.1f} ms |
| a document's stages, median ms | {", ".join(f"{name} {ms:.1f}" for name, ms in stages.items())} |
"""


def write_notes(folder: Path) -> Iterator[str]:
    """One more than is measured."""
    folder.mkdir(parents=True)
    numbers = random.Random(1)
    for number in range(DOCUMENTS + 1):
        words = " ".join(f"w{numbers.randrange(20_000)}" for _ in range(WORDS))
        (folder / f"{number:05}.txt").write_text(f"Note {number}\n\n{words}\n")
    return (f"shared/{number:05}.txt" for number in range(DOCUMENTS + 1))


async def with_hashing(services: Services, settings: Settings) -> Services:
    assert services.embedding_cache is not None
    embedder = CachedEmbedder(HashingEmbedder(), services.embedding_cache, ttl=86_400)
    await services.shelf.close()
    shelf = IndexShelf(
        base=settings.index_name,
        indexes=open_search_indexes(settings),
        versions=services.metadata,
        embedder=embedder,
        open_embedder=lambda *_: embedder,
        chunking=Chunking(),
    )
    return replace(services, embedder=embedder, shelf=shelf)
