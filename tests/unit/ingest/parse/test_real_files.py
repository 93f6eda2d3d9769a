"""Real files of many parser projects, where a folder of them is at hand: each is parsed or rejected in time.

The folder is named by RAG_TEST_DOCUMENTS or lies beside the repository as `shared/data/documents`; its
manifest.tsv tells what each file is and how it may end. Without one the tests are skipped.
"""

import asyncio
import csv
import os
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.chunk import chunk
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool

BESIDE = Path(__file__).parents[5] / "shared" / "data" / "documents"
DOCUMENTS = Path(os.environ.get("RAG_TEST_DOCUMENTS", BESIDE))
MANIFEST = DOCUMENTS / "manifest.tsv"
READ = frozenset("pdf docx pptx xlsx xls ods html xhtml md rst txt csv json ipynb eml xml".split())  # noqa: SIM905
BETTER_THAN_EXPECTED = {  # the manifest's tools found no text in these; there is some
    "format-corpus__T02-03_007_page-object-resources-wrong-object.pdf",
    "pdf.js__scan-bad.pdf",
    "sample-files__inline-image.pdf",
    "python-pptx__cht-ticklabels-props.pptx",
}

pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason="no folder of real files at hand")


def manifest() -> list[dict[str, str]]:
    with MANIFEST.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def problem(entry: dict[str, str], result: ParsedDocument | BaseException) -> str | None:
    """What is wrong with how a file ended; None if nothing is."""
    may_be_read = "ok" in (entry["accept"] or entry["expected"]).partition(";")[0]
    if isinstance(result, DocumentRejected):
        must_be_read = may_be_read and entry["ext"] in READ
        return f"rejected: {result}" if must_be_read else None
    if isinstance(result, BaseException):
        return repr(result)
    if not may_be_read and entry["file"] not in BETTER_THAN_EXPECTED:
        return "read, though nothing can be read in it"
    if entry["ext"] == "pdf" and len(result.pages) != int(entry["pages"]):
        return f"{len(result.pages)} pages instead of {entry['pages']}"
    chunks = chunk(result, document_id="d", version=1)
    if not chunks or any(not 0 < len(one.content) <= 900 for one in chunks):
        return "badly chunked"
    return None


@pytest.mark.slow
async def test_every_real_file_is_read_or_rejected_as_it_should_be() -> None:
    entries = manifest()
    limits = ParseLimits(wall_seconds=100.0)  # the machine may be busy; CPU seconds stay what they are
    pool = ParserPool(workers=os.cpu_count() or 1, limits=limits)
    try:
        parses = (pool.parse(DOCUMENTS / entry["file"], entry["file"]) for entry in entries)
        results = await asyncio.gather(*parses, return_exceptions=True)
    finally:
        await pool.close()
    problems = {
        entry["file"]: why
        for entry, result in zip(entries, results, strict=True)
        if (why := problem(entry, result))
    }
    assert problems == {}
