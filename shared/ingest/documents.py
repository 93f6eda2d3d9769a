"""What a blob's name says of its document. Called by the pipelines and the edge.

`users/<user id>/<path>` is what a user uploaded, `shared/<path>` everybody's.
"""

import hashlib
import unicodedata

from shared.domain import EVERYONE, user_reader
from shared.errors import InvalidRequest

MAX_NAME = 1024  # characters, Azure's limit for a blob's name
_USERS = "users"
SHARED = "shared/"
_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line separators
# Characters that turn the direction of the text around them: `gpj.exe` shown as `exe.jpg`.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def document_id(blob_name: str) -> str:
    """The same for every state of a blob: 32 hexadecimal digits."""
    return hashlib.sha256(blob_name.encode()).hexdigest()[:32]


def owner_of(blob_name: str) -> str | None:
    """The id of the user whose folder it lies in; None under shared/ and anywhere else."""
    parts = blob_name.split("/", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _USERS and parts[1] else None


def default_readers(blob_name: str) -> frozenset[str]:
    """Its owner; everyone for what lies under shared/; nobody anywhere else."""
    owner_id = owner_of(blob_name)
    if owner_id is not None:
        return frozenset({user_reader(owner_id)})
    return frozenset({EVERYONE}) if blob_name.startswith(SHARED) else frozenset()


def display_name(blob_name: str) -> str:
    """The name as its owner gave it, without the folder of the user; `shared/…` stays."""
    return blob_name.split("/", 2)[2] if owner_of(blob_name) is not None else blob_name


def is_writable(text: str) -> bool:
    """Whether it may stand in a name: it has no control characters and turns no direction."""
    return not any(unicodedata.category(char) in _UNWRITABLE or char in _TURNING for char in text)


def own_folder(user_id: str) -> str:
    """Where everything lies that the user uploads."""
    return f"{_USERS}/{user_id}/"


def blob_name(path: str, user_id: str) -> str:
    """Where a caller's path lies: `shared/…` in the shared folder, anything else in the user's own.

    Errors: `InvalidRequest` for a path that cannot name a file.
    """
    path = unicodedata.normalize("NFC", path)
    parts = path.split("/")
    if not path or "" in parts or "." in parts or ".." in parts or "\\" in path:
        raise InvalidRequest("a document's name is a relative path such as reports/2026.pdf")
    if not is_writable(path):
        raise InvalidRequest("a document's name has no control characters")
    name = path if path.startswith(SHARED) else own_folder(user_id) + path
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"a document's name has at most {MAX_NAME} characters")
    return name
