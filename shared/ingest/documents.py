"""What a blob's name says of its document. Called by the pipelines and the edge.

`users/<user id>/<path>` is what a user uploaded, `organisations/<organisation id>/<path>` is everyone's of
an organisation, `shared/<path>` everybody's.
"""

import hashlib
import unicodedata

from shared.auth.access import organisation_of
from shared.domain import EVERYONE, organisation_reader, user_reader
from shared.errors import InvalidRequest
from shared.metadata_stores.base_people import PeopleStore

MAX_NAME = 1024  # characters, Azure's limit for a blob's name
_USERS = "users"
SHARED = "shared/"
ORGANISATIONS = "organisations/"
_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line separators
# Characters that turn the direction of the text around them: `gpj.exe` shown as `exe.jpg`.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def document_id(blob_name: str) -> str:
    """The same for every state of a blob: 32 hexadecimal digits."""
    return hashlib.sha256(blob_name.encode()).hexdigest()[:32]


def owner_of(blob_name: str) -> str | None:
    """The id of the user whose folder it lies in; None anywhere else."""
    parts = blob_name.split("/", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _USERS and parts[1] else None


def default_readers(blob_name: str) -> frozenset[str]:
    """Its owner; everyone of the organisation, or of all, in such a folder; nobody anywhere else."""
    owner_id, organisation_id = owner_of(blob_name), organisation_of(blob_name)
    if owner_id is not None:
        return frozenset({user_reader(owner_id)})
    if organisation_id is not None:
        return frozenset({organisation_reader(organisation_id)})
    return frozenset({EVERYONE}) if blob_name.startswith(SHARED) else frozenset()


async def readers_of_new(blob_name: str, store: PeopleStore) -> frozenset[str]:
    """Its owner and whom the innermost folder says that has a default; where none has, `default_readers`."""
    parts = blob_name.split("/")
    folders = ["/".join([*parts[:depth], ""]) for depth in range(len(parts) - 1, 0, -1)]
    told = {default.folder: default.readers for default in await store.folder_defaults(folders)}
    for folder in folders:
        if folder in told:
            owner_id = owner_of(blob_name)
            return told[folder] | ({user_reader(owner_id)} if owner_id is not None else set())
    return default_readers(blob_name)


def display_name(blob_name: str) -> str:
    """The name as its owner gave it, without the folder of the user; other folders stay."""
    return blob_name.split("/", 2)[2] if owner_of(blob_name) is not None else blob_name


def is_writable(text: str) -> bool:
    """Whether it may stand in a name: it has no control characters and turns no direction."""
    return not any(unicodedata.category(char) in _UNWRITABLE or char in _TURNING for char in text)


def own_folder(user_id: str) -> str:
    """Where everything lies that the user uploads."""
    return f"{_USERS}/{user_id}/"


def organisation_folder(organisation_id: str) -> str:
    """Where what is an organisation's lies, and nobody's in particular."""
    return f"{ORGANISATIONS}{organisation_id}/"


def blob_name(path: str, user_id: str) -> str:
    """Where a caller's path lies: `shared/…` and `organisations/<id>/…` there, all else in the user's own.

    Errors: `InvalidRequest` for a path that cannot name a file.
    """
    path = unicodedata.normalize("NFC", path)
    parts = path.split("/")
    if not path or "" in parts or "." in parts or ".." in parts or "\\" in path:
        raise InvalidRequest("a document's name is a relative path such as reports/2026.pdf")
    if not is_writable(path):
        raise InvalidRequest("a document's name has no control characters")
    if path.startswith(ORGANISATIONS) and len(parts) < 3:
        raise InvalidRequest("an organisation's documents lie under organisations/<its id>/")
    name = path if is_common(path) else own_folder(user_id) + path
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"a document's name has at most {MAX_NAME} characters")
    return name


def folder_name(path: str, user_id: str) -> str:
    """The same for a folder; it ends with a slash. Errors: `InvalidRequest`."""
    return blob_name(f"{path.removesuffix('/')}/_", user_id)[:-1]


def is_common(path: str) -> bool:
    """Whether a caller's path, or the beginning of one, leads to a folder that is not their own."""
    return path.startswith((SHARED, ORGANISATIONS))
