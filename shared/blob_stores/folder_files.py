"""The blocking half of `FolderBlobStore`: look at, walk, open, copy and remove files.

Symbolic links are never followed: what they point to may lie outside of the folder.
"""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.blob_stores.folder_names import WORKSHOP, fault_of
from shared.domain import BlobProperties
from shared.errors import BackendUnavailable, InvalidRequest, NotFound

_ABANDONED_AFTER = 24 * 3600.0  # seconds without a write
_NOT_A_BLOB = (FileNotFoundError, NotADirectoryError)
_ATTEMPTS = 10  # at a folder that others remove, because it is empty, while we fill it


def properties(name: str, found: os.stat_result) -> BlobProperties:
    """The etag changes with every rewrite, in place or by a new file, and is the same for every process."""
    etag = f"{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ino:x}"
    return BlobProperties(name=name, etag=etag, size=found.st_size, modified_at=found.st_mtime)


def look_at(root: Path, path: Path, name: str) -> BlobProperties | None:
    """None for what is not there or no regular file of this folder."""
    try:
        found = path.lstat()
    except _NOT_A_BLOB:
        return None
    is_blob = stat.S_ISREG(found.st_mode) and lies_in(root, path.parent)
    return properties(name, found) if is_blob else None


def lies_in(root: Path, folder: Path) -> bool:
    """Whether no part of the folder's path is a link."""
    return os.path.realpath(folder) == str(folder) and folder.is_relative_to(root)


def walk(root: Path, prefix: str = "", folder: str = "") -> Iterator[BlobProperties]:
    """Blobs below `folder` ("" or ending in "/") whose name begins with `prefix`, by name."""
    try:
        with os.scandir(root / folder) as found:
            entries = {entry.name + "/" * entry.is_dir(follow_symlinks=False): entry for entry in found}
    except _NOT_A_BLOB as error:
        if not folder:  # an unmounted disk must not look like an empty library
            raise BackendUnavailable(f"the uploads folder is gone; check {root}") from error
        return
    # A folder sorts as its blobs' names do: "a-b" comes before "a/b".
    for key in sorted(entries):
        name = folder + key
        if key.endswith("/"):
            may_hold = name.startswith(prefix) or prefix.startswith(name)
            if may_hold and fault_of(name + "_") is None:
                yield from walk(root, prefix, name)
        elif name.startswith(prefix) and fault_of(name) is None:
            try:
                status = entries[key].stat(follow_symlinks=False)
            except _NOT_A_BLOB:
                continue
            if stat.S_ISREG(status.st_mode):
                yield properties(name, status)


@dataclass(frozen=True, kw_only=True)
class OpenFile:
    descriptor: int
    draft: Path | None = None  # goes when the file is closed, unless it was moved to its place

    def close(self) -> None:
        os.close(self.descriptor)
        if self.draft is not None:
            self.draft.unlink(missing_ok=True)


def open_draft(root: Path, *, suffix: str = "") -> OpenFile:
    """A new file in the workshop, with the mode that any tool would give it."""
    workshop = root / WORKSHOP
    workshop.mkdir(exist_ok=True)
    draft = workshop / (secrets.token_hex(16) + suffix)
    return OpenFile(descriptor=os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666), draft=draft)


def open_blob(root: Path, path: Path, name: str) -> OpenFile:
    if look_at(root, path, name) is None:
        raise NotFound(f"there is no file {name}")
    try:
        # Should it just have become a link or a pipe: do not follow the one nor wait for the other.
        return OpenFile(descriptor=os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise NotFound(f"there is no file {name}") from error
        raise


def sweep(root: Path) -> None:
    """Remove the drafts of processes that were killed."""
    oldest = time.time() - _ABANDONED_AFTER
    for draft in (root / WORKSHOP).glob("*"):
        try:
            if draft.stat().st_mtime < oldest:
                draft.unlink()
        except FileNotFoundError:
            continue  # another process sweeps, too


def write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def finish(root: Path, file: OpenFile, target: Path, name: str) -> BlobProperties:
    """Sync the draft and put it in its place, in one step."""
    assert file.draft is not None
    os.fsync(file.descriptor)
    found = os.fstat(file.descriptor)
    if not lies_in(root, target.parent):
        raise InvalidRequest("this file name cannot be used: a folder in it is a link")
    for attempt in range(_ATTEMPTS):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.draft.replace(target)
            break
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            # The folder may have been there when it was to be made, and be gone by now.
            is_gone = isinstance(error, FileExistsError) and not target.parent.exists()
            if is_gone and attempt < _ATTEMPTS - 1:
                continue
            raise InvalidRequest("this file name cannot be used: file and folder would share it") from error
    _sync_folder(target.parent)
    return properties(name, found)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # the blob was deleted at once, and its folder with it
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy(source: int, target: int) -> None:
    """Share the blocks where the file system can (reflink), else copy inside the kernel, else by hand.

    From the start of one file to the start of the other, whatever an earlier attempt has left there.
    """
    _rewind(source, target)
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except (AttributeError, OSError):  # not this system, not these file systems
        _rewind(source, target)
        while piece := os.read(source, 1 << 20):
            write_all(target, piece)


def _rewind(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    os.ftruncate(target, 0)


def remove(root: Path, path: Path, name: str) -> bool:
    """Whether it was there. Folders left empty go, too, but for those right under the root."""
    if look_at(root, path, name) is None:
        return False
    try:
        path.unlink()
    except _NOT_A_BLOB:
        return False
    for folder in path.parents:
        if root in (folder, folder.parent):
            break
        try:
            folder.rmdir()
        except OSError:
            break  # not empty, or already gone
    return True
