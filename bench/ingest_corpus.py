"""Files to ingest, several at a time, and what that takes. Used by the modes of `bench.ingest`."""

import asyncio
import os
import random
import re
import resource
import shutil
from collections.abc import Awaitable, Iterable
from pathlib import Path

MIB = 1024 * 1024
SUFFIXES = re.compile(
    r"\.(pdf|docx?|pptx?|xlsx?|od[tps]|rtf|epub|msg|eml|x?html|xml|md|txt|csv|json|ya?ml)", re.I
)


def find(paths: Iterable[Path], most: int, suffixes: re.Pattern[str] = SUFFIXES) -> list[Path]:
    """A draw of the files at and below the paths, the same at each run."""
    found = (each for path in paths for each in (path.rglob("*") if path.is_dir() else [path]))
    files = sorted({each for each in found if suffixes.fullmatch(each.suffix) and not each.is_symlink()})
    files = [each for each in files if each.is_file()]
    return random.Random(1).sample(files, min(most, len(files)))


def copy(files: list[Path], target: Path) -> list[str]:
    """The names of the documents that the files become."""
    target.mkdir(parents=True)
    names = [f"{number:04}-{path.name}" for number, path in enumerate(files)]
    for path, name in zip(files, names, strict=True):
        shutil.copyfile(path, target / name)
    return [f"shared/{name}" for name in names]


async def in_parallel(work: Iterable[Awaitable[object]], most: int) -> None:
    """Begin each as soon as fewer than `most` are under way; the iterable is asked for no more than that."""
    waiting = iter(work)

    async def take() -> None:
        for each in waiting:
            await each

    async with asyncio.TaskGroup() as group:
        for _ in range(most):
            group.create_task(take())


def cpu_seconds() -> float:
    """Of this process and of the children that have ended, and theirs: the fork server's are its own."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def resident_mib() -> float:
    """This process's memory now; where there is no /proc, at its peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
