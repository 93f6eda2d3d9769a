"""What ingestion costs beside embedding: `python -m bench.ingest [PATH…]` writes its section of RESULTS.md.

Each corpus is ingested as the host does it (files put in the container, `--parallel` at a time), and then
the very same passages are embedded again with nothing around it. The ratio of the two wall times is what
the pipeline adds: parsing, chunking, writing, flipping. Both run in one process, one after the other.
"""

import argparse
import asyncio
import random
import resource
import shutil
import tempfile
import time
from pathlib import Path

from bench.results import replace_section
from host.memory import share_arenas
from shared.compose import open_services
from shared.domain import DocumentStatus, SearchQuery
from shared.ingest import pipeline
from shared.services import Services
from shared.settings import read_settings

ROOT = Path(__file__).parents[1]
CORPORA = {
    "samples": [ROOT / "samples"],
    "debian-policy": [Path("/usr/share/doc/debian-policy")],
    "python3-doc": [Path("/usr/share/doc/python3-doc/html"), Path("/usr/share/doc/python3.11/html")],
}
SUFFIXES = {".pdf", ".docx", ".pptx", ".xlsx", ".html", ".md", ".txt", ".csv", ".json", ".eml"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument(
        "--files", type=int, default=40, help="at most, of each corpus; drawn with a fixed seed"
    )
    parser.add_argument("--parallel", type=int, default=4)
    arguments = parser.parse_args()
    share_arenas()  # as the host does
    corpora = {str(path): [path] for path in arguments.paths} or CORPORA
    rows = []
    for name, folders in corpora.items():
        files = find(folders, arguments.files)
        if not files:
            print(f"{name}: not on this machine; apt-get install {name}")
            continue
        rows.append(asyncio.run(measure(name, files, arguments.parallel)))
        print(rows[-1])
    replace_section(
        "ingest",
        f"""## Ingestion (`python -m bench.ingest`)

At most {arguments.files} files of each corpus, {arguments.parallel} at a time, the default embedder.

| corpus | files | pages | chunks | documents/s | chunks/s | embedding alone | pipeline adds | RSS |
|---|---|---|---|---|---|---|---|---|
"""
        + "\n".join(rows),
        packages=("onnxruntime", "tantivy", "kreuzberg"),
    )


def find(folders: list[Path], most: int) -> list[Path]:
    """A draw of the files, the same at each run."""
    files = sorted(
        path for folder in folders if folder.exists() for path in folder.rglob("*") if path.suffix in SUFFIXES
    )
    files = [path for path in files if path.is_file() and not path.is_symlink()]
    return random.Random(1).sample(files, min(most, len(files)))


async def measure(name: str, files: list[Path], parallel: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        services = await open_services(read_settings(data=Path(folder)))
        try:
            await services.embedder.embed_query("load the model")
            await services.parsers.parse(files[0], files[0].name)
            names = copy(files, Path(folder) / "uploads/shared")
            started = time.perf_counter()
            await ingest_all(names, services, parallel)
            pipeline_seconds = time.perf_counter() - started
            documents = [document async for document in services.metadata.every_document()]
            texts = await stored_texts(services)
            alone_seconds = await embed_alone(texts, services)
        finally:
            await services.close()
    indexed = [document for document in documents if document.status is DocumentStatus.INDEXED]
    pages = sum(document.pages for document in indexed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return (
        f"| {name} | {len(indexed)} of {len(files)} | {pages} | {len(texts)} "
        f"| {len(indexed) / pipeline_seconds:.1f} | {len(texts) / pipeline_seconds:.1f} "
        f"| {len(texts) / alone_seconds:.1f}/s "
        f"| {100 * (pipeline_seconds / alone_seconds - 1):+.0f} % | {memory} MB |"
    )


def copy(files: list[Path], target: Path) -> list[str]:
    target.mkdir(parents=True)
    names = [f"{number:04}-{path.name}" for number, path in enumerate(files)]
    for path, name in zip(files, names, strict=True):
        shutil.copyfile(path, target / name)
    return [f"shared/{name}" for name in names]


async def ingest_all(names: list[str], services: Services, parallel: int) -> None:
    waiting = iter(names)

    async def work() -> None:
        for name in waiting:
            await pipeline.ingest(name, services)

    await asyncio.gather(*(work() for _ in range(parallel)))


async def stored_texts(services: Services) -> list[str]:
    """What was embedded, in the order of the documents."""
    texts = []
    async for document in services.metadata.every_document():
        query = SearchQuery(
            text=document.title or "a",
            embedding=await services.embedder.embed_query("anything"),
            top_k=services.limits.max_chunks,
            readers=None,
            mode="vector",
            document_ids=frozenset({document.id}),
        )
        hits = await (await services.shelf.live()).search_index.search(query)
        texts += [hit.chunk.embedding_text for hit in sorted(hits, key=lambda hit: hit.chunk.ordinal)]
    return texts


async def embed_alone(texts: list[str], services: Services) -> float:
    started = time.perf_counter()
    for at in range(0, len(texts), services.embed_batch):
        await services.embedder.embed_passages(texts[at : at + services.embed_batch])
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
