"""`rag ingest --dry-run`: what is counted, what is not, and what it is said to cost."""

import shutil
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli.bulk.compare import State
from cli.bulk.cost import Estimate, Measure, UnreadScans, describe, price_of, reckon
from cli.bulk.files import find_files
from cli.progress import Work
from shared.ingest import pipeline
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.services import Services
from shared.settings import Settings
from tests.stand_ins.pipeline_services import put
from tests.unit.ingest.parse.scans import tiff

SAMPLES = Path(__file__).parents[3] / "samples"
AZURE = {
    "embedder": "azure_openai",
    "azure_openai_endpoint": "https://contoso.openai.azure.com",
    "azure_openai_api_key": "key",
}
PRICES = {"text-embedding-3": 9.0, "text-embedding-3-small": 0.02}
MEASURES = [Measure(size=1_000, pages=1, chunks=2, tokens=1_000_000)] * 3


@pytest.fixture
async def parsers() -> AsyncIterator[ParserPool]:
    pool = ParserPool(workers=2, limits=ParseLimits())
    yield pool
    await pool.close()


async def reckoned(folder: Path, services: Services, parsers: ParserPool, *, retry: bool = False) -> Estimate:
    found = find_files([folder])
    with Work(Console(file=StringIO()), "reading", files=len(found.files), size=0) as work:
        return await reckon(
            found.files,
            services.blobs,
            services.metadata,
            parsers,
            settings=Settings(max_file_mb=1),
            retry=retry,
            work=work,
        )


async def test_pages_chunks_and_tokens_of_what_is_new_are_counted_and_nothing_is_stored(
    services: Services, parsers: ParserPool, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(SAMPLES / "employee-handbook.pdf", library)
    (library / "note.txt").write_text("alder " * 50)
    (library / "empty.pdf").write_bytes(b"")
    (library / "known.txt").write_text("birch")
    await put(services, "birch", "shared/known.txt")
    await pipeline.ingest("shared/known.txt", services)

    estimate = await reckoned(library, services, parsers)
    assert estimate.counts == {State.NEW: 3, State.INDEXED: 1}
    assert [(f.name, f.reason) for f in estimate.failures] == [("shared/empty.pdf", "the file is empty")]
    handbook, note = sorted(estimate.measures, key=lambda measure: measure.pages, reverse=True)
    assert (handbook.pages, note.pages, note.chunks, note.size) == (5, 1, 1, 300)
    assert handbook.chunks >= 5
    assert 75 <= note.tokens <= 120
    assert [blob.name async for blob in services.blobs.list()] == ["shared/known.txt"]


async def test_what_is_too_large_or_failed_before_would_fail(
    services: Services, parsers: ParserPool, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "large.txt").write_bytes(b"x" * (1024 * 1024 + 1))
    (library / "bad.txt").write_text("BROKEN")
    await put(services, "BROKEN", "shared/bad.txt")
    await pipeline.ingest("shared/bad.txt", services)
    estimate = await reckoned(library, services, parsers)
    assert {f.name: f.reason for f in estimate.failures} == {
        "shared/large.txt": "the file is larger than 1,048,576 bytes; split it up",
        "shared/bad.txt": "the file is broken on purpose",
    }
    retried = await reckoned(library, services, parsers, retry=True)
    assert [failure.name for failure in retried.failures] == ["shared/large.txt"]
    assert len(retried.measures) == 1


async def test_scans_are_counted_and_taken_for_full_pages_but_not_read(tmp_path: Path) -> None:
    scan = tmp_path / "scan.tiff"
    scan.write_bytes(tiff(3))
    scans = UnreadScans()
    pool = ParserPool(workers=1, limits=ParseLimits(), ocr=scans)
    try:
        parsed = await pool.parse(scan, "scan.tiff")
    finally:
        await pool.close()
    assert scans.count == 3
    assert all(len(page.text) > 2_000 for page in parsed.pages)


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        ("text-embedding-3-small", "at most $0.06 (text-embedding-3-small at $0.02 per million tokens)"),
        ("team-text-embedding-3-small-eu", "at most $0.06 (text-embedding-3-small at"),
        ("embeddings", "unknown; add the price of embeddings to RAG_EMBEDDING_PRICES"),
    ],
)
def test_the_price_is_that_of_the_model_in_the_deployments_name(deployment: str, said: str) -> None:
    settings = Settings(**AZURE, azure_openai_embedding_deployment=deployment, embedding_prices=PRICES)
    assert price_of(MEASURES, settings).startswith(said)


def test_local_embedders_cost_nothing() -> None:
    assert price_of(MEASURES, Settings()) == "nothing; e5 runs on this machine"


def test_an_estimate_reads_in_one_line() -> None:
    assert describe(MEASURES) == "3 files, 3,000 bytes, 3 pages, 6 chunks, at most 3,000,000 tokens"
