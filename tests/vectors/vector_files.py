"""Makes the bytes of a vector: of its text, its members, its streams, or by a function of `old_office`.

A vector is a table of a .toml file beside this one:

    file      the name it is uploaded under
    text      its content; `encoding` is UTF-8 where it is not told
    packed    zip, tar, tar.gz, gz or compound: what holds the `members`. A member is text (UTF-16 where a
              stream of an Outlook message says so) or, as a table, another vector or storage. `locked` sets
              the flag of encryption on zip members
    made_by   a function of `old_office`, which is given the `text`
    title, page_kind, pages    what they must be, where told
    contains, lacks            texts that must, and must not, be on some page
    page_of   a text and the number of the page that holds it
    labels    of the pages
    rejected  a part of the reason
"""

import gzip
import io
import tarfile
import zipfile
from typing import Any, TypeAlias

from tests.vectors import old_office
from tests.vectors.compound_files import Tree, compound_file

Vector: TypeAlias = "dict[str, Any]"  # as TOML gives it


def content_of(vector: Vector) -> bytes:
    if "made_by" in vector:
        made: bytes = getattr(old_office, vector["made_by"])(vector["text"])
        return made
    if "packed" not in vector:
        return str(vector["text"]).encode(vector.get("encoding", "utf-8"))
    if vector["packed"] == "compound":
        return compound_file(_tree(vector["members"]))
    members = {name: _member(member) for name, member in vector["members"].items()}
    match vector["packed"]:
        case "zip":
            return _zip(members, locked=vector.get("locked", False))
        case "tar":
            return _tar(members)
        case "tar.gz":
            return gzip.compress(_tar(members))
        case "gz":
            (only,) = members.values()
            return gzip.compress(only)
    raise ValueError(f"cannot pack as {vector['packed']}")


def _member(member: Any) -> bytes:
    return content_of(member) if isinstance(member, dict) else str(member).encode()


def _tree(members: Vector) -> Tree:
    return {
        name: _tree(member) if isinstance(member, dict) else str(member).encode(_encoding(name))
        for name, member in members.items()
    }


def _encoding(stream: str) -> str:
    return "utf-16-le" if stream.endswith("001F") else "latin-1"


def _zip(members: dict[str, bytes], *, locked: bool) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
            if locked:  # in the directory at the end of the file, which readers go by
                archive.NameToInfo[name].flag_bits |= 1
    return target.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()
