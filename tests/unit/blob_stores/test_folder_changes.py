"""Every change in the folder is told, whichever tool made it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from shared.blob_stores.folder import FolderBlobStore


class Watched:
    """The names told since the last look, gathered by a task that runs all the while."""

    def __init__(self, store: FolderBlobStore) -> None:
        self._store = store
        self._told: asyncio.Queue[set[str]] = asyncio.Queue()
        self.rounds = 0

    async def run(self) -> None:
        async for names in self._store.changes():
            self._told.put_nowait(names)

    async def begun(self) -> None:
        assert await self._next() == set()

    async def until(self, *expected: str) -> None:
        names: set[str] = set()
        while names != set(expected):
            names |= await self._next()
            self.rounds += 1
            assert names <= set(expected)

    async def _next(self) -> set[str]:
        async with asyncio.timeout(20):
            return await self._told.get()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "uploads"
    (root / "shared/old").mkdir(parents=True)
    (root / "shared/old/a.md").write_bytes(b"x")
    (root / "shared/old/b.md").write_bytes(b"x")
    return root


@pytest.fixture(params=[False, True], ids=["notified", "polling"])
async def watched(root: Path, request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    watched = Watched(FolderBlobStore(root, force_polling=request.param))
    running = asyncio.create_task(watched.run())
    await watched.begun()
    yield watched
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_created_changed_and_deleted_files_are_told(watched: Watched, root: Path) -> None:
    path = root / "shared/new ü.md"
    path.write_bytes(b"1")
    await watched.until("shared/new ü.md")
    path.write_bytes(b"changed")
    await watched.until("shared/new ü.md")
    path.unlink()
    await watched.until("shared/new ü.md")


async def test_an_upload_is_told_under_its_name_alone(watched: Watched, root: Path) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    await FolderBlobStore(root).put("users/u/a.md", content(), max_size=10)
    await watched.until("users/u/a.md")
    await FolderBlobStore(root).delete("users/u/a.md")
    await watched.until("users/u/a.md")


async def test_a_new_folder_tells_the_files_that_came_with_it(
    watched: Watched, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside/deep"
    outside.mkdir(parents=True)
    (outside / "c.md").write_bytes(b"x")
    (outside / ".hidden").write_bytes(b"x")
    outside.parent.rename(root / "moved in")
    await watched.until("moved in/deep/c.md")
    for number in range(20):
        folder = root / f"fast/{number}/deeper"
        folder.mkdir(parents=True)
        (folder / "d.md").write_bytes(b"x")
    await watched.until(*(f"fast/{number}/deeper/d.md" for number in range(20)))


async def test_a_folder_moved_away_tells_all_its_files(watched: Watched, root: Path, tmp_path: Path) -> None:
    (root / "shared/old").rename(tmp_path / "away")
    await watched.until("shared/old/a.md", "shared/old/b.md")


async def test_a_folder_renamed_or_removed_tells_old_and_new_names(watched: Watched, root: Path) -> None:
    (root / "shared/old").rename(root / "shared/new")
    await watched.until(*(f"shared/{folder}/{name}.md" for folder in ("old", "new") for name in "ab"))
    shutil.rmtree(root / "shared/new")
    await watched.until("shared/new/a.md", "shared/new/b.md")


async def test_a_folder_swapped_for_another_tells_what_differs(
    watched: Watched, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/b.md").write_bytes(b"different")
    (root / "shared/old").rename(tmp_path / "away")
    (tmp_path / "other").rename(root / "shared/old")
    await watched.until("shared/old/a.md", "shared/old/b.md")


async def test_many_changes_come_in_few_rounds(watched: Watched, root: Path) -> None:
    names = [f"shared/{number}.md" for number in range(200)]
    for name in names:
        (root / name).write_bytes(b"x")
    await watched.until(*names)
    assert watched.rounds < 40


async def test_a_watch_that_is_left_ends_at_once(root: Path) -> None:
    async with asyncio.timeout(5):
        async with aclosing(FolderBlobStore(root).changes()) as rounds:
            assert await anext(rounds) == set()
