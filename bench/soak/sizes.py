"""How much a process and its children take of the machine, from /proc, and how fast that grows."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MIB = 2**20
WARM_UP = 0.2  # of the time, which is not looked at for growth


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Memory in MiB: resident, and of it what no other process shares."""

    minutes: float
    rss: float
    unshared: float
    children_unshared: float
    children: int
    files: int  # open file descriptors, children's as well
    threads: int  # children's as well
    data: float  # MiB of the data folder
    cpu: float  # seconds so far, children's as well


def sizes(pid: int, data: Path, *, minutes: float) -> Sizes:
    children = [each for child in _children(pid) if (each := _of_child(child))]
    return Sizes(
        minutes=round(minutes, 2),
        rss=round(_resident(pid), 2),
        unshared=round(_unshared(pid), 2),
        children_unshared=round(sum(each[0] for each in children), 2),
        children=len(children),
        files=_files(pid) + sum(each[1] for each in children),
        threads=_threads(pid) + sum(each[2] for each in children),
        data=round(_size(data) / MIB, 2),
        cpu=round(cpu_seconds(pid), 2),
    )


def growth(minutes: Sequence[float], values: Sequence[float]) -> float:
    """Per hour, after the warm-up: the median of the slopes between any two samples (Theil and Sen)."""
    x, y = np.asarray(minutes) / 60, np.asarray(values, dtype=float)
    late = x >= x[-1] * WARM_UP
    x, y = x[late], y[late]
    first, second = np.triu_indices(len(x), k=1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))


def _children(pid: int) -> list[int]:
    """And theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
        for child in direct:
            found += [child, *_children(child)]
    return found


def _of_child(pid: int) -> tuple[float, int, int] | None:
    try:
        return _unshared(pid), _files(pid), _threads(pid)
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return None


def _resident(pid: int) -> float:
    return _kilobytes(f"/proc/{pid}/status", "VmRSS:") / 1024


def _unshared(pid: int) -> float:
    rollup = f"/proc/{pid}/smaps_rollup"
    return (_kilobytes(rollup, "Private_Clean:") + _kilobytes(rollup, "Private_Dirty:")) / 1024


def _threads(pid: int) -> int:
    return _kilobytes(f"/proc/{pid}/status", "Threads:")


def _kilobytes(path: str, field: str) -> int:
    return int(Path(path).read_text().partition(field)[2].split()[0])


def _files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def cpu_seconds(pid: int) -> float:
    """Of the process and its children so far: of those that have ended, their parent's entry tells."""
    ticks = 0
    for each in (pid, *_children(pid)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(") ")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # deleted meanwhile
            continue
    return total
