"""kill -9 at any moment of an ingest: indexed exactly once in the end, one whole version at every moment."""

import asyncio
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from shared.search_indexes.embedded import EmbeddedSearchIndex
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]

NAME = "trees.md"
QUESTION = "What grows beside the water meadow?"


def text(tree: str) -> str:
    """Some sixteen chunks that all say which version they belong to."""
    line = f"The {tree} number {{n}} grows beside the water meadow, where the {tree} stands in row {{n}}."
    return "\n\n".join(" ".join(line.format(n=n * 10 + m) for m in range(9)) for n in range(16))


class Asker:
    """Searches all the time; `mixtures` are the answers that no single version could have given."""

    def __init__(self, host: RealHost) -> None:
        self.mixtures: list[str] = []
        self.answers = 0
        self._host = host
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            try:
                passages = self._host.search(QUESTION)
            except (httpx.TransportError, httpx.HTTPStatusError):
                continue  # it is down, or not up yet
            trees = {tree for p in passages for tree in ("alder", "birch") if tree in p["content"]}
            self.answers += 1
            if len(trees) != 1:
                self.mixtures.append(f"{len(passages)} passages of {sorted(trees)}")


def moments() -> Iterator[Callable[[RealHost], None]]:
    """When to kill: as soon as the document is seen in a status, and at random."""
    chance = random.Random(20261122)
    yield lambda host: host.wait_for_status(NAME, "parsing", "embedding") and None
    yield lambda host: host.wait_for_status(NAME, "embedding") and None
    for _ in range(2):
        seconds = chance.uniform(0.0, 3.0)
        yield lambda host, seconds=seconds: threading.Event().wait(seconds) and None  # type: ignore[misc]


def test_a_killed_ingest_ends_indexed_once_and_no_answer_mixes_versions(host: RealHost) -> None:
    host.put(NAME, text("alder"))
    host.wait_for_status(NAME, "indexed")
    tree, other = "alder", "birch"
    with Asker(host) as asker:
        for wait_for_moment in moments():
            tree, other = other, tree
            host.put(NAME, text(tree))
            wait_for_moment(host)
            host.kill()
            host.start()
            document = host.wait_for_status(NAME, "indexed")
            host.wait_until(lambda tree=tree: tree in host.search(QUESTION)[0]["content"])
    assert asker.mixtures == []
    assert asker.answers > 10
    host.signal()
    assert host.wait() == 0
    assert written_versions(host.data) == {(document["id"], document["chunks"])}


def written_versions(data: Path) -> set[tuple[str, int]]:
    """(document, chunks) as the index has them after everything: one version, each chunk once."""

    async def read() -> set[tuple[str, int]]:
        (folder,) = (data / "index").iterdir()
        index = EmbeddedSearchIndex(data / "index", folder.name, 384)
        try:
            versions = [each async for each in index.versions()]
            return {(document, len(await index.chunk_ids(document, v))) for document, v in versions}
        finally:
            await index.close()

    found = asyncio.run(read())
    with closing(sqlite3.connect(data / "metadata.db")) as metadata:
        assert metadata.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found


def test_no_process_outlives_a_killed_host(host: RealHost) -> None:
    host.put(NAME, text("alder"))
    host.wait_for_status(NAME, "embedding", "indexed")
    group = host.process.pid
    host.kill()
    host.client.close()
    for_the_group = Path("/proc")

    def members() -> list[str]:
        alive = []
        for stat in for_the_group.glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[2]) == group and fields[0] != "Z":
                alive.append(stat.parent.name)
        return alive

    waiting = threading.Event()
    for _ in range(100):
        if not members():
            return
        waiting.wait(0.1)
    pytest.fail(f"processes {members()} live on")
