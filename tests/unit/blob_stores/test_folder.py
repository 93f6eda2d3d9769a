"""What the folder adds: files of any tool are blobs, and what is no finished file is none."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.blob_stores import folder_files
from shared.blob_stores.folder import FolderBlobStore
from shared.errors import BackendUnavailable, InvalidRequest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
async def store(root: Path) -> FolderBlobStore:
    store = FolderBlobStore(root)
    await store.ping()
    return store


async def listed(store: FolderBlobStore) -> list[str]:
    return [blob.name async for blob in store.list()]


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def test_a_dropped_file_is_a_blob_and_an_upload_an_ordinary_file(
    store: FolderBlobStore, root: Path
) -> None:
    write(root / "shared" / "dropped.md")
    await store.put("shared/put.md", pieces(b"put"), max_size=10)
    assert await listed(store) == ["shared/dropped.md", "shared/put.md"]
    assert (root / "shared/put.md").read_bytes() == b"put"
    umask = os.umask(0)
    os.umask(umask)
    assert (root / "shared/put.md").stat().st_mode & 0o777 == 0o666 & ~umask
    assert list((root / ".uploading").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [".hidden", ".git/a.md", "~$report.docx", "a.md.swp", "a.zip.part", "a.pdf.crdownload", "a.TMP", "a.md~"],
)
async def test_hidden_and_temporary_files_are_no_blobs(store: FolderBlobStore, root: Path, name: str) -> None:
    write(root / "shared" / name)
    assert await listed(store) == []
    with pytest.raises(InvalidRequest):
        await store.put(f"shared/{name}", pieces(b"x"), max_size=10)


async def test_names_that_no_caller_could_say_are_not_listed(store: FolderBlobStore, root: Path) -> None:
    write(root / "a\nb")
    write(root / "a\\b")
    Path(os.fsdecode(os.fsencode(root) + b"/latin-\xe9")).write_bytes(b"x")
    deep = root.joinpath(*["d"] * 33)
    write(deep / "a")
    assert await listed(store) == []


async def test_links_are_not_followed(store: FolderBlobStore, root: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "outside" / "secret.txt")
    (root / "file.txt").symlink_to(secret)
    (root / "folder").symlink_to(secret.parent)
    (root / "loop").symlink_to(root)
    assert await listed(store) == []
    for name in ("file.txt", "folder/secret.txt", "loop/file.txt"):
        assert await store.head(name) is None
        assert not await store.delete(name)
    with pytest.raises(InvalidRequest):
        await store.put("folder/new/b.txt", pieces(b"x"), max_size=10)
    await store.put("file.txt", pieces(b"new"), max_size=10)
    assert sorted(path.name for path in secret.parent.iterdir()) == ["secret.txt"]
    assert secret.read_bytes() == b"x"


async def test_a_pipe_is_no_blob_and_holds_nobody_up(store: FolderBlobStore, root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert await listed(store) == []
    assert await store.head("pipe") is None


async def test_file_and_folder_of_one_name_are_refused(store: FolderBlobStore) -> None:
    await store.put("a/b", pieces(b"x"), max_size=10)
    for name in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(InvalidRequest):
            await store.put(name, pieces(b"x"), max_size=10)


async def test_folders_left_empty_go_but_not_the_first_level(store: FolderBlobStore, root: Path) -> None:
    for name in ("users/u/deep/a", "users/v/a", "users/v/b"):
        await store.put(name, pieces(b"x"), max_size=10)
    await store.delete("users/u/deep/a")
    await store.delete("users/v/a")
    assert sorted(str(path.relative_to(root / "users")) for path in root.rglob("users/**/*")) == ["v", "v/b"]
    await store.delete("users/v/b")
    assert (root / "users").is_dir()


async def test_a_rewrite_in_place_changes_the_etag(store: FolderBlobStore, root: Path) -> None:
    path = write(root / "a.txt", b"old")
    before = await store.head("a.txt")
    os.utime(path, ns=(1, 1))
    with path.open("r+b") as file:
        file.write(b"new")
    after = await store.head("a.txt")
    assert before is not None
    assert after is not None
    assert (before.size, before.etag == after.etag) == (after.size, False)


async def test_a_file_just_written_to_is_copied_when_it_has_been_quiet(
    store: FolderBlobStore, root: Path
) -> None:
    path = write(root / "a.txt", b"half")
    copying = store.local_copy("a.txt")
    opening = asyncio.create_task(copying.__aenter__())
    await asyncio.sleep(0.1)
    path.write_bytes(b"whole file")
    copy, blob = await opening
    assert time.time() >= path.stat().st_mtime + 0.3
    assert (copy.read_bytes(), blob) == (b"whole file", await store.head("a.txt"))
    await copying.__aexit__(None, None, None)


async def test_a_copy_is_made_at_once_of_an_old_file_and_of_one_from_the_future(
    store: FolderBlobStore, root: Path
) -> None:
    for days in (-1, 1):
        path = write(root / "a.txt")
        os.utime(path, (time.time() + days * 86_400,) * 2)
        started = time.monotonic()
        async with store.local_copy("a.txt") as (copy, _):
            assert copy.read_bytes() == b"x"
        assert time.monotonic() - started < 5


async def test_uploads_are_whole_at_once(store: FolderBlobStore) -> None:
    started = time.monotonic()
    for number in range(20):
        await store.put("a.txt", pieces(b"%d" % number), max_size=10)
        async with store.local_copy("a.txt") as (copy, _):
            assert copy.read_bytes() == b"%d" % number
    assert time.monotonic() - started < 20 * 0.3


async def test_an_upload_that_is_then_written_to_in_place_is_waited_for(
    store: FolderBlobStore, root: Path
) -> None:
    await store.put("a.txt", pieces(b"put"), max_size=10)
    (root / "a.txt").write_bytes(b"written")
    async with store.local_copy("a.txt") as (copy, _):
        assert copy.read_bytes() == b"written"
    assert time.time() >= (root / "a.txt").stat().st_mtime + 0.3


async def test_a_cancelled_upload_leaves_nothing_behind(store: FolderBlobStore, root: Path) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        waiting.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(store.put("a", endless(), max_size=10_000_000))
    await waiting.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert list((root / ".uploading").iterdir()) == []
    assert await listed(store) == []


async def test_drafts_of_a_killed_process_are_swept_after_a_day(root: Path) -> None:
    old, young = write(root / ".uploading/old"), write(root / ".uploading/young")
    os.utime(old, (time.time() - 90_000,) * 2)
    await FolderBlobStore(root).ping()
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_folder_that_vanishes_is_an_outage_and_no_empty_library(
    store: FolderBlobStore, root: Path
) -> None:
    shutil.rmtree(root)
    with pytest.raises(BackendUnavailable):
        await listed(store)
    with pytest.raises(BackendUnavailable):
        await store.ping()
    with pytest.raises(BackendUnavailable):
        await store.put("a", pieces(b"x"), max_size=10)
    assert not root.exists()


class Vanishing(type(Path())):  # type: ignore[misc]
    """Its folder is removed by somebody else right after `mkdir` has found it there."""

    vanishes = True

    def is_dir(self, **_: object) -> bool:
        if self.name == "empty" and Vanishing.vanishes:
            Vanishing.vanishes = False
            self.rmdir()
        return bool(super().is_dir())


def test_a_folder_that_vanishes_while_it_is_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    draft = tmp_path / "draft"
    draft.write_bytes(b"content")
    file = folder_files.OpenFile(descriptor=os.open(draft, os.O_RDWR), draft=draft)
    folder_files.finish(tmp_path, file, Vanishing(tmp_path / "empty" / "a.txt"), "empty/a.txt")
    file.close()
    assert not Vanishing.vanishes
    assert (tmp_path / "empty" / "a.txt").read_bytes() == b"content"
