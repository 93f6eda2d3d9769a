"""Which files of the folder are blobs, and which names a blob may have. Used by the blob stores."""

import os
import re
from pathlib import Path

from shared.errors import InvalidRequest

WORKSHOP = ".uploading"  # inside the root, so on its file system; hidden, so never a blob

_MAX_CHARACTERS = 1_024
_MAX_PART_BYTES = 255  # what common file systems hold
_MAX_FOLDERS = 32
_FAULTS = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"), "it holds control characters or is not UTF-8"),
    (re.compile(r"^$|^/|/$|//"), "it is empty or has an empty part"),
    (re.compile(r"\\"), "it holds a backslash"),
    (re.compile(r"(^|/)\."), "a part of it begins with a dot"),
    # What editors, browsers and copying tools leave beside the real file while they work.
    (
        re.compile(r"(^|/)~\$[^/]*$|(~|\.swp|\.part|\.crdownload|\.tmp)$", re.IGNORECASE),
        "it looks like a temporary file",
    ),
)


def fault_of(name: str) -> str | None:
    """Why this cannot be a blob's name here; None if it can."""
    for pattern, fault in _FAULTS:
        if pattern.search(name):
            return fault
    if len(name) > _MAX_CHARACTERS:
        return f"it is longer than {_MAX_CHARACTERS} characters"
    parts = name.split("/")
    if len(parts) > _MAX_FOLDERS + 1:
        return f"it lies more than {_MAX_FOLDERS} folders deep"
    is_long = any(len(part.encode()) > _MAX_PART_BYTES for part in parts)
    return f"a part of it is longer than {_MAX_PART_BYTES} bytes" if is_long else None


def path_of(root: Path, name: str) -> Path:
    """Where the blob lies. `InvalidRequest` for a name that no blob can have."""
    fault = fault_of(name)
    if fault is not None:
        raise InvalidRequest(f"this file name cannot be used: {fault}")
    return root / name


def name_of(root: Path, path: str) -> str:
    """The inverse, for a path as the operating system reports it."""
    return os.path.relpath(path, root).replace(os.sep, "/")
