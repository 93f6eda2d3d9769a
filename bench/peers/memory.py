"""The memory of a process and all its children. Used by `bench.peers.run_one` and `bench.peers.child`."""

import re
from collections.abc import Iterator
from pathlib import Path


def tree_bytes(pid: int | str = "self") -> int:
    """What the process has in memory, and of what its children have their part of what they share; 0 for one
    that has ended."""
    process, *children = _tree(Path("/proc") / str(pid))
    return _bytes(process, "Rss") + sum(_bytes(each, "Pss") for each in children)


def _tree(process: Path) -> Iterator[Path]:
    yield process
    for children in process.glob("task/*/children"):
        try:
            pids = children.read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended
            continue
        for pid in pids:
            yield from _tree(Path("/proc") / pid)


def _bytes(process: Path, what: str) -> int:
    try:
        found = re.search(rf"^{what}:\s+(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * int(found[1]) if found else 0
