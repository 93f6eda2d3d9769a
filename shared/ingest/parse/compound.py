"""OLE compound files, which Outlook and old Office write. Opened by `kind` and the parsers of these."""

import contextlib
import struct
from collections.abc import Iterator
from typing import Any, TypeAlias

import olefile  # type: ignore[import-untyped]

from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import decode

CompoundFile: TypeAlias = Any  # olefile has no types


@contextlib.contextmanager
def open_compound(source: Source, damaged: str) -> Iterator[CompoundFile]:
    """`DocumentRejected(damaged)` also for what the reader of its streams runs into."""
    try:
        with source.open() as content, olefile.OleFileIO(content) as compound:
            yield compound
    except (OSError, ValueError, LookupError, TypeError, OverflowError, struct.error) as error:
        raise DocumentRejected(damaged) from error


def stated_title(compound: CompoundFile) -> str | None:
    title = compound.get_metadata().title
    return decode(title) if isinstance(title, bytes) and title else None
