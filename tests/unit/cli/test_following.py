"""What `rag ingest --watch` makes of what it finds when it looks at the folders."""

import os
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli.bulk.failures import Failure
from cli.bulk.files import LocalFile, find_files
from cli.bulk.following import Following, check_folders
from cli.errors import CommandError, WrongUseError
from shared.errors import BackendUnavailable


class There:
    """The other side: what it was brought, and what was taken away from it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.refuses: set[str] = set()
        self.is_away = False

    async def bring(self, files: Sequence[LocalFile]) -> list[Failure]:
        if self.is_away:
            return [Failure(name=each.name, reason="not now", may_pass=True) for each in files]
        self.done += [f"+{file.name}" for file in files if file.name not in self.refuses]
        return [Failure(name=each.name, reason="no") for each in files if each.name in self.refuses]

    async def delete(self, name: str) -> bool:
        if self.is_away:
            raise BackendUnavailable("not now")
        self.done.append(f"-{name}")
        return True


class Watched:
    """A folder with one file that was brought, looked at by hand."""

    def __init__(self, folder: Path, *, deletes: bool) -> None:
        self.folder, self.there, self.said = folder, There(), StringIO()
        folder.mkdir()
        self.write("a.md", "first")
        console = Console(file=self.said, width=200)
        self.following = Following(
            self.select, self.there.bring, self.there.delete if deletes else None, console
        )
        self.following.start(self.select().files)

    def select(self):  # type: ignore[no-untyped-def]
        return find_files([self.folder])

    def write(self, name: str, text: str, *, at: int = 0) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, ns=(at, at))

    async def look(self, times: int = 2) -> list[str]:
        """What was done; a file is at rest at the second look."""
        for _ in range(times):
            await self.following.look()
        done, self.there.done = self.there.done, []
        return done


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "notes", deletes=True)


async def test_what_is_as_it_was_is_left_alone(watched: Watched) -> None:
    assert await watched.look() == []
    assert watched.following.is_at_rest


async def test_what_is_new_or_has_changed_is_brought_once(watched: Watched) -> None:
    watched.write("sub/b.md", "new")
    watched.write("a.md", "other", at=5)  # of the same size
    assert await watched.look() == ["+shared/a.md", "+shared/sub/b.md"]
    assert await watched.look() == []


async def test_what_is_being_written_is_not_taken_before_it_rests(watched: Watched) -> None:
    for size in range(1, 5):
        watched.write("big.md", "x" * size, at=size)
        assert await watched.look(1) == []
        assert not watched.following.is_at_rest
    assert await watched.look(1) == ["+shared/big.md"]


async def test_what_goes_is_deleted_and_what_moves_is_both(watched: Watched) -> None:
    (watched.folder / "a.md").rename(watched.folder / "c.md")
    assert await watched.look() == ["-shared/a.md", "+shared/c.md"]
    assert "shared/a.md: deleted" in watched.said.getvalue()


async def test_what_goes_stays_there_unless_it_was_said(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "notes", deletes=False)
    (watched.folder / "a.md").unlink()
    assert await watched.look() == []
    assert watched.said.getvalue() == "shared/a.md: gone here, and left there; --delete takes it away\n"


async def test_nothing_is_deleted_while_something_cannot_be_looked_at(watched: Watched) -> None:
    (watched.folder / "a.md").unlink()
    (watched.folder / "nowhere.md").symlink_to("/nowhere/at/all.md")
    assert await watched.look() == []
    (watched.folder / "nowhere.md").unlink()
    assert await watched.look() == ["-shared/a.md"]


async def test_a_folder_that_is_gone_ends_it_and_deletes_nothing(watched: Watched) -> None:
    watched.folder.rename(watched.folder.with_name("unmounted"))
    with pytest.raises(CommandError, match="is not there"):
        await watched.look()
    assert watched.there.done == []


async def test_what_is_refused_is_told(watched: Watched) -> None:
    watched.there.refuses.add("shared/b.md")
    watched.write("b.md", "x")
    assert await watched.look() == []
    assert watched.said.getvalue() == "shared/b.md: failed, no\n"
    assert await watched.look() == []
    assert watched.said.getvalue().count("\n") == 1


async def test_what_could_not_be_done_while_a_service_was_away_is_done_later(watched: Watched) -> None:
    watched.there.is_away = True
    watched.write("b.md", "x")
    assert await watched.look() == []
    assert watched.following.is_paused
    (watched.folder / "a.md").unlink()
    with pytest.raises(BackendUnavailable):
        await watched.look(1)
    watched.there.is_away = False
    assert await watched.look() == ["+shared/b.md", "-shared/a.md"]
    assert watched.following.is_at_rest


def test_only_folders_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    check_folders([tmp_path])
    with pytest.raises(WrongUseError, match=r"a\.md is none"):
        check_folders([tmp_path, tmp_path / "a.md"])
