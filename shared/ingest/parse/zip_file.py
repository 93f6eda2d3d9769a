"""Zip files read by member: Office, OpenDocument and EPUB. Opened by `kind` and the parsers of these."""

import contextlib
import zipfile
import zlib
from collections.abc import Iterator

from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source

# What zipfile raises for broken members, missing ones, methods that it does not know, and locked ones.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, LookupError, RuntimeError, ValueError)


@contextlib.contextmanager
def open_zip(source: Source, damaged: str) -> Iterator[zipfile.ZipFile]:
    """`DocumentRejected(damaged)` also for what the reader of its members runs into."""
    try:
        with zipfile.ZipFile(source.open()) as archive:
            yield archive
    except ZIP_ERRORS as error:
        raise DocumentRejected(damaged) from error
