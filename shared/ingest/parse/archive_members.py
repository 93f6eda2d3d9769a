"""What is in an archive: names, sizes and contents of its files, one after the other. Read by `archive`.

Nothing is unpacked to disk.
"""

import gzip
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED, is_tar
from shared.ingest.parse.source import BOMB, Source
from shared.ingest.parse.zip_file import ZIP_ERRORS

LINK = "is a link or a device, not a file"
LEFTOVERS = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)", re.I)
READING_ERRORS = (*ZIP_ERRORS, tarfile.TarError)


@dataclass(frozen=True, kw_only=True)
class Member:
    name: str
    size: int  # unpacked, as the archive says
    read: Callable[[], bytes]  # raises one of READING_ERRORS
    problem: str = ""  # why it cannot be read


def members(source: Source) -> Iterator[Member]:
    """Of a zip or tar file, its files alone. Raises one of READING_ERRORS."""
    if is_tar(source.content):
        with tarfile.open(fileobj=source.open(), mode="r:") as tar:
            found = (_tar_member(tar, entry) for entry in tar if not entry.isdir())
            yield from (member for member in found if not LEFTOVERS.search(member.name))
    else:
        with zipfile.ZipFile(source.open()) as archive:
            entries = (_zip_member(archive, entry) for entry in archive.infolist() if not entry.is_dir())
            yield from (member for member in entries if not LEFTOVERS.search(member.name))


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    return Member(
        name=entry.filename.replace("\\", "/"),
        size=entry.file_size,
        read=partial(archive.read, entry),
        problem=LINK if stat.S_ISLNK(entry.external_attr >> 16) else "",
    )


def _tar_member(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> Member:
    return Member(
        name=entry.name,
        size=entry.size,
        read=partial(_tar_content, tar, entry),
        problem="" if entry.isfile() else LINK,
    )


def _tar_content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    content = tar.extractfile(entry)
    assert content is not None  # only for what is no file
    return content.read()


def gunzip(source: Source) -> bytes:
    """At most as much as a file may have. Errors: `DocumentRejected`."""
    most = source.limits.max_file_bytes
    try:
        with gzip.open(source.open()) as packed:
            content = packed.read(most + 1)
    except READING_ERRORS as error:
        raise DocumentRejected(DAMAGED) from error
    if len(content) > most:
        raise DocumentRejected(BOMB)
    return content
