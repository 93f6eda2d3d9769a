"""How fast it starts and how much memory it takes. Run by `make bench` as `python -m bench.start`.

Writes its section of bench/RESULTS.md. The figures are of whole processes on the machine it runs on.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.passages import DIMENSION, make_corpus
from bench.results import replace_section
from bench.search import make_chunk
from shared.domain import EVERYONE, IndexedChunk
from shared.ingest import documents
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.settings import read_settings
from tests.real_host import RealHost

_ROOT = Path(__file__).resolve().parents[1]
_RUNS = 5
_CHUNKS = 10_000
_IMPORT = """
import time
began = time.perf_counter()
import function_app
took = time.perf_counter() - began
status = open("/proc/self/status").read()
print(took, int(status.split("VmRSS:")[1].split()[0]) / 1024)
"""


def main() -> None:
    settings = read_settings()
    models = (settings.models / settings.embedder).resolve()
    imports = [_import_once() for _ in range(_RUNS)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as last:
        host = RealHost(Path(folder) / "data", models=models, arguments=("--samples", str(_ROOT / "samples")))
        last.push(host)  # ends it, also when a measurement fails
        indexed = _first_run(host)
        starts = [_start_once(host) for _ in range(_RUNS)]
        asked = _memory_after_questions(host)
        asyncio.run(_fill(host.data))
        filled = _memory_after_questions(host)
    healthy, ready = (statistics.median(times) for times in zip(*starts, strict=True))
    rows = [
        ("import of `function_app`, fresh interpreter", f"{statistics.median(t for t, _ in imports):.2f} s"),
        ("its memory (RSS)", f"{statistics.median(m for _, m in imports):.0f} MB"),
        ("second start of `rag serve` to the first healthy answer", f"{healthy:.2f} s"),
        ("… to ready", f"{ready:.2f} s"),
        ("first run: samples indexed", f"{indexed:.1f} s"),
        (f"host's memory (RSS), samples indexed, {settings.embedder}, after 20 questions", f"{asked:.0f} MB"),
        (f"… with {_CHUNKS:,} chunks more", f"{filled:.0f} MB"),
    ]
    table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
    text = f"## Start\n\nBy `python -m bench.start`.\n\n| | median of {_RUNS} |\n|---|---|\n{table}"
    replace_section("start", text, packages=("azure-functions", "fastapi", "uvicorn"))
    print(text)


def _import_once() -> tuple[float, float]:
    """Seconds, MB."""
    output = subprocess.run(
        [sys.executable, "-c", _IMPORT], cwd=_ROOT, capture_output=True, check=True
    ).stdout
    seconds, megabytes = output.split()
    return float(seconds), float(megabytes)


def _first_run(host: RealHost) -> float:
    """Seconds until every sample is indexed; leaves the host stopped."""
    began = time.monotonic()
    host.start()
    host.wait_until(lambda: "/api/auth/register" in host.text())
    took = time.monotonic() - began
    host.signal()
    host.wait()
    return took


def _start_once(host: RealHost) -> tuple[float, float]:
    """Seconds to healthy and to ready."""
    began = time.monotonic()
    host.start()
    ready = time.monotonic() - began
    host.signal()
    host.wait()
    return host.started_in, ready


async def _fill(data: Path) -> None:
    """Chunks of made-up words and vectors, as later parts of a document that is there."""
    document = documents.document_id("shared/employee-handbook.pdf")
    corpus = make_corpus(_CHUNKS, "random")
    index = EmbeddedSearchIndex(data / "index", "documents", DIMENSION)
    chunks = [
        IndexedChunk(
            chunk=replace(make_chunk(row, corpus).chunk, id=f"{document}.1.x{row}", document_id=document),
            embedding=corpus.vectors[row],
            readers=frozenset({EVERYONE}),
        )
        for row in range(_CHUNKS)
    ]
    for start in range(0, _CHUNKS, 1_000):
        await index.write(chunks[start : start + 1_000])
    await index.close()


def _memory_after_questions(host: RealHost) -> float:
    """MB of the host's process, without its parsers."""
    host.start()
    host.sign_in()
    for _ in range(20):
        answer = host.client.post("/api/query", json={"question": "How many days of annual leave do I have?"})
        answer.raise_for_status()
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    host.signal()
    host.wait()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
