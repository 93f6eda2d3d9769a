"""`Source`: the file that a parser is given. Made by `file` and `archive`, read by every parser."""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from shared.errors import DocumentRejected
from shared.ingest.parse.limits import ParseLimits

BOMB = "unpacks to more than can be read; split it into smaller files"
SMALLEST_MEMBER = 4096  # so that a million empty members count, too


@dataclass(kw_only=True)
class Allowance:
    """What the archives of one file may unpack to, those in archives included."""

    left: int  # bytes

    def take(self, size: int) -> None:
        self.left -= max(size, SMALLEST_MEMBER)
        if self.left < 0:
            raise DocumentRejected(BOMB)


@dataclass(frozen=True, kw_only=True)
class Source:
    file: Path | bytes  # bytes for what was unpacked: a parser may write nothing to disk
    name: str  # the document's; a path may be that of a nameless copy
    limits: ParseLimits
    depth: int = 0  # archives around it
    allowance: Allowance | None = None  # of the outermost archive

    @cached_property
    def content(self) -> bytes:
        return self.file if isinstance(self.file, bytes) else self.file.read_bytes()

    @cached_property
    def head(self) -> bytes:
        """Its first 4,096 bytes."""
        if isinstance(self.file, bytes):
            return self.file[:4096]
        with self.file.open("rb") as file:
            return file.read(4096)

    @property
    def openable(self) -> Path | BinaryIO:
        """For libraries that open paths by themselves, and then hold no large file in memory as a whole."""
        return io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    @property
    def suffix(self) -> str:
        """Lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()
