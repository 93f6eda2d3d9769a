"""One step of one peer in a process of its own: `python -m bench.peers.run_one JOB START`.

Started by `bench.peers.child` in the peer's environment, which has the peer's packages, numpy, onnxruntime
and tokenizers. JOB is a file with the fields of `child.Job`, START the monotonic clock when the process was
started. The last line of the output is what was measured, as JSON.
"""

import importlib
import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from bench.peers.memory import tree_bytes

_LONGEST = 30.0  # seconds that many clients ask, however slow the peer is
_SHORTEST = 2.0  # seconds; a fast one is asked everything again


class Peer(Protocol):
    """What every `adapter.py` defines as `Peer(folder, embedder)`: a persistent index, made or opened."""

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        """(id, text) each, kept whole or cut as the peer does it by itself."""

    def add_files(self, paths: list[Path]) -> list[str]:
        """The names of those that its loaders cannot read."""

    def search(self, question: str, top_k: int) -> list[str]:
        """Best first: the ids of texts, for files `name#page`."""

    def close(self) -> None: ...


def main(job_file: str, started: float) -> None:
    begun = time.monotonic()
    job = json.loads(Path(job_file).read_text("utf-8"))
    adapter = importlib.import_module(f"bench.peers.{job['peer']}.adapter")
    imported = time.monotonic()
    embedder = _embedder(job)
    peer = adapter.Peer(Path(job["folder"]), embedder)
    if job["step"] == "fill":
        figures = fill(peer, job)
    else:
        figures = search(peer, job, started) | {"import_seconds": imported - begun}
    peer.close()
    embedder.close()
    print(json.dumps(figures | {"features": adapter.FEATURES}), flush=True)


def fill(peer: Peer, job: dict[str, Any]) -> dict[str, Any]:
    """What it takes until a question is answered from everything."""
    rows = _rows(job["rows_file"])
    paths = [Path(path) for path in job["files"]]
    begun, cpu = time.perf_counter(), cpu_seconds()
    if rows:
        peer.add_texts(rows)
    unread = peer.add_files(paths) if paths else []
    if paths and len(unread) == len(paths):
        return {"error": "reads no files by itself"}
    assert peer.search(job["questions"][0], job["top_k"])
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": cpu_seconds() - cpu,
        "added": len(rows) + len(paths) - len(unread),
        "unread": unread,
    }


def search(peer: Peer, job: dict[str, Any], started: float) -> dict[str, Any]:
    questions, top_k = job["questions"], job["top_k"]
    peer.search(questions[0], top_k)
    cold = time.monotonic() - started
    for _ in range(20):
        peer.search(questions[0], top_k)
    resting = tree_bytes()
    cpu = time.process_time()
    alone, rankings = asked_in_turn(peer, questions, top_k)
    spent = time.process_time() - cpu
    figures = {
        "cold_seconds": cold,
        "resting_bytes": resting,
        "alone_ms": alone,
        "cpu_ms": 1_000 * spent / len(questions),
        "rankings": rankings,
    }
    if job["clients"]:
        figures |= asked_at_once(peer, questions, top_k, clients=job["clients"])
    return figures


def asked_in_turn(peer: Peer, questions: list[str], top_k: int) -> tuple[list[float], list[list[str]]]:
    taken, rankings = [], []
    for question in questions:
        begun = time.perf_counter()
        rankings.append(peer.search(question, top_k))
        taken.append(1_000 * (time.perf_counter() - begun))
    return taken, rankings


def asked_at_once(peer: Peer, questions: list[str], top_k: int, *, clients: int) -> dict[str, Any]:
    """Each client asks on as soon as it is answered."""
    taken: list[float] = []
    begun = time.perf_counter()
    waiting = _until(questions, lambda: time.perf_counter() - begun)
    turn = threading.Lock()

    def client() -> None:
        while True:
            with turn:
                question = next(waiting, None)
            if question is None:
                return
            asked = time.perf_counter()
            peer.search(question, top_k)
            taken.append(1_000 * (time.perf_counter() - asked))

    with ThreadPoolExecutor(clients) as pool:
        for finished in [pool.submit(client) for _ in range(clients)]:
            finished.result()
    return {"together_ms": taken, "per_second": len(taken) / (time.perf_counter() - begun)}


def _until(questions: list[str], elapsed: Callable[[], float]) -> Iterator[str]:
    """All of them at least once and for two seconds, unless that takes half a minute."""
    is_first = True
    while is_first or elapsed() < _SHORTEST:
        for question in questions:
            if elapsed() > (_LONGEST if is_first else _SHORTEST):
                return
            yield question
        is_first = False


def _embedder(job: dict[str, Any]) -> Any:
    from bench.peers import embedders

    if job["vectors"]:
        return embedders.Given(Path(job["vectors"]))
    return embedders.Live(Path(job["model"]))


def _rows(file: str) -> list[tuple[str, str]]:
    return [tuple(json.loads(line)) for line in Path(file).read_text("utf-8").splitlines()] if file else []


def cpu_seconds() -> float:
    """Of this process, and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
