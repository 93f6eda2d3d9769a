"""How the pool has pages read that are pictures: each by itself, so that a bad one costs itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.ingest.parse.tesseract import Tesseract
from tests.unit.ingest.parse.scans import (
    bmp_that_claims,
    fake_tesseract,
    gif_that_claims,
    png_that_claims,
    text_and_scan_pdf,
    tiff,
)

Read = Callable[..., Awaitable[ParsedDocument]]
LIMITS = ParseLimits(wall_seconds=4.0)


@pytest.fixture
async def read(tmp_path: Path) -> AsyncIterator[Read]:
    """Parse `content` in a pool with this tesseract."""
    pools: list[ParserPool] = []

    async def read_content(content: bytes, ocr: Tesseract | None, most: int = 200) -> ParsedDocument:
        pools.append(ParserPool(workers=2, limits=LIMITS, ocr=ocr, max_ocr_pages=most))
        path = tmp_path / "scan"
        path.write_bytes(content)
        return await pools[-1].parse(path, "A scan.pdf")

    yield read_content
    for pool in pools:
        await pool.close()


def texts(document: ParsedDocument) -> list[tuple[int, str]]:
    return [(page.number, page.text) for page in document.pages]


async def test_pages_of_a_tiff_are_read_each_under_its_number(read: Read, tmp_path: Path) -> None:
    document = await read(tiff(5), fake_tesseract(tmp_path))
    assert texts(document) == [(n, f"page-{200 + 2 * n}") for n in range(1, 6)]
    assert (document.title, document.page_kind) == ("A scan", "page")
    assert type(document) is ParsedDocument


async def test_only_pages_that_are_pictures_are_read(read: Read, tmp_path: Path) -> None:
    document = await read(text_and_scan_pdf(), fake_tesseract(tmp_path))
    own, scanned, blank = texts(document)
    assert (own, blank) == ((1, "This page has text of its own."), (3, ""))
    assert scanned[1].startswith("page-3")


async def test_without_ocr_pictures_among_text_stay_empty(read: Read) -> None:
    document = await read(text_and_scan_pdf(), None)
    assert texts(document) == [(1, "This page has text of its own."), (2, ""), (3, "")]


async def test_without_ocr_a_scan_is_rejected_with_what_to_install(read: Read) -> None:
    with pytest.raises(DocumentRejected, match="scan without any text; install tesseract-ocr on the server"):
        await read(tiff(2), None)


@pytest.mark.parametrize(
    "behaviour",
    [
        "exit 3",
        "kill -9 $$",
        pytest.param("exec sleep 60", marks=pytest.mark.slow),
        pytest.param("while :; do :; done", marks=pytest.mark.slow),
    ],
)
async def test_a_page_that_cannot_be_read_costs_itself(
    read: Read, tmp_path: Path, caplog: pytest.LogCaptureFixture, behaviour: str
) -> None:
    document = await read(tiff(3), fake_tesseract(tmp_path, w204=behaviour))
    assert texts(document) == [(1, "page-202"), (2, ""), (3, "page-206")]
    (record,) = [record for record in caplog.records if record.message == "page_not_read"]
    assert (record.levelno, vars(record)["page"]) == (logging.WARNING, 2)


async def test_a_scan_of_which_no_page_can_be_read_is_rejected_with_the_reason(
    read: Read, tmp_path: Path
) -> None:
    with pytest.raises(DocumentRejected, match="text recognition fails on"):
        await read(tiff(2), fake_tesseract(tmp_path, w202="exit 3", w204="exit 3"))


async def test_a_picture_without_text_is_rejected(read: Read, tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected, match="no text was recognised"):
        await read(tiff(1), fake_tesseract(tmp_path, w202="exit 0"))


async def test_a_scan_with_too_many_pages_is_rejected_with_advice(read: Read, tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected, match="has 3 scanned pages, more than the 2 that are read"):
        await read(tiff(3), fake_tesseract(tmp_path), most=2)


async def test_other_documents_do_not_wait_for_all_pages_of_a_scan(tmp_path: Path) -> None:
    pool = ParserPool(workers=1, limits=LIMITS, ocr=fake_tesseract(tmp_path))
    scan, note = tmp_path / "scan", tmp_path / "note"
    scan.write_bytes(tiff(10))
    note.write_text("A short note.")
    reading = asyncio.create_task(pool.parse(scan, "scan.tiff"))
    await pool.parse(note, "note.txt")
    await pool.parse(note, "note.txt")
    assert not reading.done()
    assert len((await reading).pages) == 10
    await pool.close()


@pytest.mark.parametrize("claim", [png_that_claims, gif_that_claims, bmp_that_claims])
async def test_a_picture_of_too_many_pixels_is_rejected_before_it_is_decoded(
    read: Read, tmp_path: Path, claim: Callable[[int, int], bytes]
) -> None:
    with pytest.raises(DocumentRejected, match="picture of 64000 × 65000 pixels, more than can be read"):
        await read(claim(64_000, 65_000), fake_tesseract(tmp_path))


@pytest.mark.parametrize("claim", [png_that_claims, gif_that_claims])
async def test_a_picture_that_ends_early_is_rejected_as_damaged(
    read: Read, tmp_path: Path, claim: Callable[[int, int], bytes]
) -> None:
    with pytest.raises(DocumentRejected, match="is damaged or incomplete"):
        await read(claim(6_000, 8_000), fake_tesseract(tmp_path))
