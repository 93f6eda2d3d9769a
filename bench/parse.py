"""What parsing and chunking cost: `python -m bench.parse [a.pdf …]` writes its section of bench/RESULTS.md.

PDF pages per CPU second, chunked MB per CPU second, and what the child processes of the pool add to a parse.
Without arguments the PDF is the samples' one after the other, over and over.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pypdf

from bench.results import publish
from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.chunk import chunk
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool

SAMPLES = Path(__file__).parent.parent / "samples"
REPEATS = 30


def pdf_pages_per_second(path: Path) -> tuple[ParsedDocument, float]:
    began = time.process_time()
    document = parse_file(path, path.name, ParseLimits())
    return document, len(document.pages) / (time.process_time() - began)


def chunk_megabytes_per_second(document: ParsedDocument) -> tuple[int, float]:
    size = sum(len(page.text.encode()) for page in document.pages)
    began = time.process_time()
    chunks = chunk(document, document_id="bench", version=1)
    return len(chunks), size / 1e6 / (time.process_time() - began)


async def pool_overhead(path: Path) -> tuple[float, float]:
    """Milliseconds: the first parse, the server's start included; what a later one takes at the median."""
    pool = ParserPool(workers=2, limits=ParseLimits())
    try:
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            await pool.parse(path, path.name)
            times.append((time.perf_counter() - began) * 1000)
    finally:
        await pool.close()
    return times[0], statistics.median(times[1:])


def tables_document(rows: int = 20_000) -> ParsedDocument:
    table = "| code | meaning |\n| --- | --- |\n" + "\n".join(
        f"| E{row} | not ready |" for row in range(rows)
    )
    return ParsedDocument(title="Codes", pages=(ParsedPage(number=1, text=table),))


def long_pdf(path: Path, copies: int = 50) -> Path:
    with pypdf.PdfWriter() as writer:
        for sample in sorted(SAMPLES.glob("*.pdf")) * copies:
            writer.append(sample)
        writer.write(path)
    return path


def main(arguments: list[str]) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny.txt"
        tiny.write_text("one line")
        first, later = asyncio.run(pool_overhead(tiny))
        for path in map(Path, arguments) if arguments else [long_pdf(Path(folder) / "samples.pdf")]:
            document, speed = pdf_pages_per_second(path)
            count, chunking = chunk_megabytes_per_second(document)
            rows.append(f"| {path.name}, {len(document.pages)} pages | {speed:.0f} pages/s of one core |")
            rows.append(f"| its {count} chunks | {chunking:.1f} MB/s of one core |")
    count, chunking = chunk_megabytes_per_second(tables_document())
    rows.append(f"| a table of 20,000 rows, {count} chunks | {chunking:.1f} MB/s of one core |")
    rows.append(f"| pool: first parse, the fork server's start included | {first:.0f} ms |")
    rows.append(f"| pool: a later parse of one line | {later:.1f} ms |")
    table = "\n".join(["| what | figure |", "| --- | --- |", *rows])
    print(table)
    publish(
        "parse",
        f"## Parsing and chunking (`bench/parse.py`)\n\n{table}",
        packages=["pypdfium2", "kreuzberg", "semantic-text-splitter"],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
