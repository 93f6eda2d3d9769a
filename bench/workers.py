"""What more workers do for ingestion: `python -m bench.workers` lets 1, 2 and 3 of them share a data folder.

Each is a `rag serve --only triggers` with the embedder `minilm`. The documents are in the container before
the workers start to look at it, and are counted while they become searchable.
"""

import argparse
import os
import random
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.results import replace_section, store_result
from bench.soak.sizes import cpu_seconds
from cli.weights import prepare
from tests.real_host import RealHost

SEED = 5
WORKERS = (1, 2, 3)
_ROOT = Path(__file__).resolve().parents[1]
_WORDS = 400  # of a document: three chunks or four
_POLL = 0.25  # seconds
_PACKAGES = ("onnxruntime", "tantivy", "kreuzberg")


@dataclass(frozen=True, kw_only=True)
class Row:
    workers: int
    documents: int
    seconds: float
    per_second: float
    cpu: float  # milliseconds of the workers' and their children's per document
    passed: list[float]  # seconds at which ...
    indexed: list[int]  # ... so many were searchable


def measure(workers: int, documents: int, models: Path) -> Row:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        data = Path(folder) / "data"
        asked = running.enter_context(RealHost(data, models=models, arguments=("--only", "http")))
        asked.sign_in()
        hosts = [RealHost(data, models=models, arguments=("--only", "triggers")) for _ in range(workers)]
        for host in hosts:
            running.enter_context(host)
        before = sum(cpu_seconds(host.process.pid) for host in hosts)
        write(documents, data / "uploads/shared")
        began, passed, indexed = time.monotonic(), [0.0], [0]
        while indexed[-1] < documents:
            time.sleep(_POLL)
            summary = asked.client.get("/api/documents/summary").raise_for_status().json()["documents"]
            passed.append(round(time.monotonic() - began, 2))
            indexed.append(summary["indexed"])
            if summary["failed"]:
                raise SystemExit(f"{summary['failed']} documents failed")
        cpu = sum(cpu_seconds(host.process.pid) for host in hosts) - before
    return Row(
        workers=workers,
        documents=documents,
        seconds=passed[-1],
        per_second=documents / passed[-1],
        cpu=1_000 * cpu / documents,
        passed=passed,
        indexed=indexed,
    )


def write(documents: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    numbers = random.Random(SEED)
    for number in range(documents):
        words = " ".join(f"w{numbers.randrange(20_000)}" for _ in range(_WORDS))
        (folder / f"{number:05}.txt").write_text(f"Note {number}\n\n{words}\n")


def line(row: Row, first: Row) -> str:
    return (
        f"| {row.workers} | {row.documents} | {row.seconds:.1f} | {row.per_second:.2f} "
        f"| {row.per_second / first.per_second:.2f} | {row.cpu:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--most", type=int, default=WORKERS[-1], help="workers")
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    options = parser.parse_args()
    models = prepare("minilm", _ROOT / ".cache/models", report=print)
    rows: list[Row] = []
    for workers in WORKERS[: options.most]:
        rows.append(measure(workers, options.documents, models))
        print(line(rows[-1], rows[0]), flush=True)
    section = report(rows)
    print(section)
    if not options.dry:
        replace_section("workers", section, packages=_PACKAGES)
        store_result("workers", {"rows": list(map(asdict, rows))}, seed=SEED, packages=_PACKAGES)


def report(rows: list[Row]) -> str:
    table = "\n".join(line(row, rows[0]) for row in rows)
    return f"""## Workers: `python -m bench.workers`

Processes that share one data folder and ingest notes of {_WORDS} words, each chunked, embedded with `minilm`
and indexed. They share the {os.cpu_count()} cores of the machine as well, so that more of them than cores
win nothing.

| workers | documents | seconds | documents/s | to one worker | CPU ms per document |
|---|---|---|---|---|---|
{table}

![The same as curves](plots/workers.svg)"""


if __name__ == "__main__":
    main()
