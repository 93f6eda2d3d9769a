"""`Source`: the file that a parser is given. Made by `file.parse_file`, read by every parser."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from shared.ingest.parse.limits import ParseLimits


@dataclass(frozen=True, kw_only=True)
class Source:
    path: Path
    name: str  # the document's; `path` may be a nameless copy
    limits: ParseLimits

    @cached_property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @property
    def suffix(self) -> str:
        """Lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()
