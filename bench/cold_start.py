"""How fast it starts and how much memory it takes. Run by `make bench` as `python -m bench.cold_start`.

Writes its section of bench/RESULTS.md. The figures are of whole processes on the machine it runs on.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.passages import DIMENSION, Corpus
from bench.results import publish
from shared.domain import EVERYONE
from shared.ingest import documents
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.settings import read_settings
from tests.real_host import RealHost

_ROOT = Path(__file__).resolve().parents[1]
_RUNS = 5
_CHUNKS = 10_000
_IMPORT = """
import time

def memory():
    return int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) / 1024

began = time.process_time()
import function_app
edge, edge_memory = time.process_time() - began, memory()
from shared.compose import import_adapters
from shared.settings import read_settings
import_adapters(read_settings())
print(edge, edge_memory, time.process_time() - began - edge, memory() - edge_memory)
"""
# Enough to import by; nothing is connected.
_PROFILES = {
    "local": {},
    "azure": {
        "AZURE_OPENAI_ENDPOINT": "https://bench.openai.azure.com",
        "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat",
        "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embedding",
        "AZURE_SEARCH_ENDPOINT": "https://bench.search.windows.net",
        "AZURE_KEY_VAULT_URL": "https://bench.vault.azure.net",
        "AzureWebJobsStorage__accountName": "bench",
        "MONGODB_URI": "mongodb://localhost",
        "REDIS_URL": "redis://localhost",
    },
}


def main() -> None:
    settings = read_settings()
    models = (settings.models / settings.embedder).resolve()
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
        ("second start of `rag serve` to the first healthy answer", f"{healthy:.2f} s"),
        ("… to ready", f"{ready:.2f} s"),
        ("first run: samples indexed", f"{indexed:.1f} s"),
        (f"host's memory (RSS), samples indexed, {settings.embedder}, after 20 questions", asked),
        (f"… with {_CHUNKS:,} chunks more", filled),
    ]
    table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
    text = (
        f"## Cold start: `python -m bench.cold_start`\n\nMedians of {_RUNS} runs. A host imports "
        "`function_app` before it answers anything, and what its profile's plugs need after that.\n\n"
        f"{_imports()}\n\n| local profile | |\n|---|---|\n{table}"
    )
    publish("cold_start", text, packages=("azure-functions", "fastapi", "uvicorn"))
    print(text)


def _imports() -> str:
    """A table: a row per profile."""
    head = (
        "| profile | import of `function_app`, CPU | memory (RSS) | import of its plugs, CPU | memory added |"
    )
    lines = [head, "|---|---|---|---|---|"]
    for profile in _PROFILES:
        runs = [import_once(profile) for _ in range(_RUNS)]
        edge, edge_memory, plugs, plugs_memory = map(statistics.median, zip(*runs, strict=True))
        lines.append(
            f"| `{profile}` | {edge:.2f} s | {edge_memory:.0f} MB | {plugs:.2f} s | {plugs_memory:.0f} MB |"
        )
    return "\n".join(lines)


def import_once(profile: str) -> list[float]:
    """In a fresh interpreter: CPU seconds and MB of `function_app`, and what its plugs add to both."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    output = subprocess.run(
        [sys.executable, "-c", _IMPORT],
        cwd=_ROOT,
        env=kept | {"RAG_PROFILE": profile} | _PROFILES[profile],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return [float(figure) for figure in output.split()]


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
    (live,) = (data / "index").iterdir()
    index = EmbeddedSearchIndex(data / "index", live.name, DIMENSION)
    for chunks in Corpus(size=_CHUNKS, kind="random").chunks():
        await index.write(
            [
                replace(
                    each,
                    chunk=replace(each.chunk, id=f"{document}.1.{each.chunk.id}", document_id=document),
                    readers=frozenset({EVERYONE}),
                )
                for each in chunks
            ]
        )
    await index.close()


def _memory_after_questions(host: RealHost) -> str:
    """Of the host's process, without its parsers."""
    host.start()
    host.sign_in()
    for _ in range(20):
        answer = host.client.post("/api/query", json={"question": "How many days of annual leave do I have?"})
        answer.raise_for_status()
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    host.signal()
    host.wait()
    resident, own = (int(status.split(f"{name}:")[1].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return f"{resident:.0f} MB, of which {own:.0f} MB are no files'"


if __name__ == "__main__":
    main()
