"""Real files of many parser projects, where a folder of them is at hand: each ends as its manifest says.

The folder is named by TEST_DOCUMENTS or lies beside the repository as `shared/data/documents`; the
column `accept` of its manifest.tsv names the states in which a file may end. Without one, they are skipped.
"""

import asyncio
import csv
import os
from functools import cache
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.chunk import chunk
from shared.ingest.parse.epub import LOCKED
from shared.ingest.parse.kind import PROTECTED
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.mail import ENCRYPTED_MESSAGE
from shared.ingest.parse.pool import ParserPool
from shared.ingest.parse.scanned import NOT_READ
from shared.ingest.parse.tesseract import find_tesseract

BESIDE = Path(__file__).parents[4] / "shared" / "data" / "documents"
DOCUMENTS = Path(os.environ.get("TEST_DOCUMENTS", BESIDE))
MANIFEST = DOCUMENTS / "manifest.tsv"
REASONS = {PROTECTED: "encrypted", LOCKED: "encrypted", ENCRYPTED_MESSAGE: "encrypted", NOT_READ: "scanned"}
NO_TEXT = (
    "is empty",
    "without any text",
    "no text was recognised",
    "whose sheets are empty",
    "without any files",
)
DEVIATIONS = {  # from the manifest, whose tools were not ours
    "format-corpus__T02-03_007_page-object-resources-wrong-object.pdf": "ok",  # a line of text is on its page
    "python-pptx__cht-ticklabels-props.pptx": "ok",  # the categories and numbers of its charts are text
}

pytestmark = [
    pytest.mark.skipif(not MANIFEST.exists(), reason="no folder of real files at hand"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@cache
def manifest() -> list[dict[str, str]]:
    with MANIFEST.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def state_of(result: ParsedDocument | BaseException) -> str:
    """In the words of the manifest; for an error that is no rejection the error itself."""
    if isinstance(result, ParsedDocument):
        return "ok"
    if not isinstance(result, DocumentRejected):
        return repr(result)
    reason = str(result)
    if any(words in reason for words in NO_TEXT) and reason != NOT_READ:
        return "empty"
    return REASONS.get(reason, "corrupt")


def accepted(entry: dict[str, str]) -> set[str]:
    """`scanned|empty without OCR; ok with OCR`: the words of a state, and notes."""
    states, _, note = entry["accept"].partition(";")
    return {state.split()[0] for state in states.split("|")} | ({"ok"} if "ok with OCR" in note else set())


def problem(entry: dict[str, str], result: ParsedDocument | BaseException) -> str | None:
    """What is wrong with how a file ended; None if nothing is."""
    state = state_of(result)
    if state not in accepted(entry) and DEVIATIONS.get(entry["file"]) != state:
        return f"{state} instead of {entry['accept']}: {result!r:.200}"
    if not isinstance(result, ParsedDocument):
        return None
    if entry["kind"] == "pdf" and len(result.pages) != int(entry["pages"]):
        return f"{len(result.pages)} pages instead of {entry['pages']}"
    chunks = chunk(result, document_id="d", version=1)
    if not chunks or any(not 0 < len(one.content) <= 900 for one in chunks):
        return "badly chunked"
    return None


async def problems(pool: ParserPool, entries: list[dict[str, str]]) -> dict[str, str]:
    try:
        parses = (pool.parse(DOCUMENTS / entry["file"], entry["file"]) for entry in entries)
        results = await asyncio.gather(*parses, return_exceptions=True)
    finally:
        await pool.close()
    ended = zip(entries, results, strict=True)
    return {entry["file"]: why for entry, result in ended if (why := problem(entry, result))}


def limits() -> ParseLimits:
    return ParseLimits(wall_seconds=100.0)  # the machine may be busy; CPU seconds stay what they are


async def test_every_real_file_ends_in_the_state_that_its_manifest_names() -> None:
    pool = ParserPool(workers=os.cpu_count() or 1, limits=limits())
    assert await problems(pool, manifest()) == {}


async def test_real_scans_and_pictures_end_so_with_text_recognition_too() -> None:
    tesseract = find_tesseract()
    if tesseract is None:
        pytest.skip("no tesseract here")
    scans = [entry for entry in manifest() if "OCR" in entry["accept"]]
    pool = ParserPool(workers=os.cpu_count() or 1, limits=limits(), ocr=tesseract)
    assert await problems(pool, scans) == {}
