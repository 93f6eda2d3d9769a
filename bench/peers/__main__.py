"""RAG Functions beside what people would pick instead, in one run: `python -m bench.peers`.

Each peer lives in a folder here: `adapter.py`, set up as its own quick start says, and `requirements.txt`,
the environment it gets under .cache/peers with `--install`. A round gives every peer every task, one after
the other, so that whatever else the machine does meets all of them; the figures are medians over the rounds.

*Sets* are judged collections whose texts come whole, with vectors that are given: what is timed is the peer.
*Files* are documents that each reads, cuts and embeds by itself, with the same embedder.
"""

import argparse
import asyncio
import itertools
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers import child
from bench.peers.jobs import EMBEDDER, FOLDERS, MODELS, SETS, Task, chosen, write_texts
from bench.peers.report import NAMES, by_peer, report
from bench.results import replace_section, store_result

_CLIENTS = 16
_LATER = 100  # questions in every round but the first, which asks all of them for the quality
_SECONDS = 900.0  # that a step may take

Measured = dict[str, dict[str, list[dict[str, Any]]]]  # rounds by task and peer


def main() -> None:
    options = read_options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # children are ended then too
    if options.install:
        for peer in options.peers:
            child.install(peer)
    peers = [peer for peer in options.peers if child.python_of(peer).exists()]
    missing = [NAMES[peer] for peer in options.peers if peer not in peers]
    tasks = list(chosen(options.sets, options.limit))
    with tempfile.TemporaryDirectory() as scratch:
        for task in tasks:
            folder = Path(scratch, task.name)
            folder.mkdir()
            if task.rows:
                asyncio.run(write_texts(task, folder))
        measured = run_rounds(tasks, peers, Path(scratch), rounds=options.rounds)
    found = {task.name: by_peer(task, measured[task.name]) for task in tasks}
    text = report(tasks, found, missing, rounds=options.rounds)
    print(text)
    if not options.dry:
        store_result("peers", found, packages=("onnxruntime", "tantivy"))
        replace_section("peers", text, packages=("onnxruntime", "tantivy"))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", nargs="+", choices=list(NAMES), default=list(NAMES))
    parser.add_argument("--sets", nargs="*", choices=[*SETS, *FOLDERS], default=[*SETS, *FOLDERS])
    parser.add_argument("--limit", type=int, help="texts of each set, for a quick look")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--install", action="store_true", help="make the peers' environments first")
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    return parser.parse_args()


def run_rounds(tasks: Sequence[Task], peers: Sequence[str], scratch: Path, *, rounds: int) -> Measured:
    measured: Measured = defaultdict(lambda: defaultdict(list))
    for number, task, peer in itertools.product(range(rounds), tasks, peers):
        if task.files and number:
            continue  # they take minutes to embed, and all of them the same ones
        folder = scratch / "index"
        folder.mkdir()
        steps = run_steps(task, peer, folder, vectors=scratch / task.name, is_first=number == 0)
        shutil.rmtree(folder)
        measured[task.name][peer].append(steps)
        problems = [step["error"] for step in steps.values() if "error" in step]
        print(f"round {number + 1}, {task.name}, {peer}: {', '.join(problems) or 'done'}", flush=True)
    return measured


def run_steps(task: Task, peer: str, folder: Path, *, vectors: Path, is_first: bool) -> dict[str, Any]:
    rows_file = vectors / "rows.jsonl"
    questions = list(task.questions if is_first else task.questions[:_LATER])
    steps = {}
    for step in ("fill", "search"):
        job = child.Job(
            peer=peer,
            step=step,
            folder=str(folder),
            questions=questions,
            rows_file=str(rows_file) if task.rows else "",
            files=[str(path) for path in task.files],
            vectors=str(vectors) if task.rows else "",
            model=str(MODELS / EMBEDDER),
            top_k=10 if task.rows else 5,
            clients=_CLIENTS if task.rows else 0,
        )
        steps[step] = child.run(job, seconds=_SECONDS)
        if "error" in steps[step]:
            break
    return steps


if __name__ == "__main__":
    main()
