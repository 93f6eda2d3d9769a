"""Zip files that lie: bombs, overlapping members, wrong sizes, paths that lead away. For hostile_files.py.

Python's own writer tells the truth, so the format is written by hand here.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
MIB = 1024 * 1024
ENCRYPTED = 1
SYMLINK = 0o120777 << 16


@dataclass(frozen=True, kw_only=True)
class Member:
    """`size` is what it says to unpack to; `overlaps` has it share the data of the first member."""

    name: str
    packed: bytes = b""
    size: int = 0
    crc: int = 0
    flags: int = 0
    attributes: int = 0
    overlaps: bool = False


def honest(name: str, content: str | bytes, *, flags: int = 0, attributes: int = 0) -> Member:
    content = content.encode() if isinstance(content, str) else content
    packed, crc = deflated(content), zlib.crc32(content)
    return Member(name=name, packed=packed, size=len(content), crc=crc, flags=flags, attributes=attributes)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def zeros(mebibytes: int, wrapper: Literal["raw", "zlib"] = "raw") -> bytes:
    """A deflate stream of that many zeros, made without packing each; as zlib it lacks its checksum."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return (b"\x78\x9c" if wrapper == "zlib" else b"") + block * mebibytes + packer.flush()


def archive(*members: Member) -> bytes:
    body, directory = bytearray(), bytearray()
    for member in members:
        offset = 0 if member.overlaps else len(body)
        name = member.name.encode()
        facts = (20, member.flags, 8, 0, 0x5421)  # version, flags, deflate, a time and a day
        sizes = (member.crc, len(members[0].packed if member.overlaps else member.packed), member.size)
        if not member.overlaps:
            body += LOCAL.pack(b"PK\3\4", *facts, *sizes, len(name), 0) + name + member.packed
        directory += CENTRAL.pack(
            b"PK\1\2", 0x314, *facts, *sizes, len(name), 0, 0, 0, 0, member.attributes, offset
        )
        directory += name
    count = len(members)
    end = END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory) + end


def flat_bomb(*names: str, mebibytes: int = 3_500) -> bytes:
    """With three names some 10 GB of zeros in 10 MB."""
    packed = zeros(mebibytes)
    return archive(*(Member(name=name, packed=packed, size=mebibytes * MIB) for name in names))


def lying_bomb(name: str) -> bytes:
    """Says 100 bytes, unpacks to 2 GB."""
    return archive(Member(name=name, packed=zeros(2_000), size=100))


def overlapping_bomb(name: str, *others: str) -> bytes:
    """A thousand members that share 3 MiB of zeros."""
    first = Member(name=name, packed=zeros(3), size=3 * MIB, crc=zlib.crc32(bytes(3 * MIB)))
    shared = (
        Member(name=f"m{number}", size=first.size, crc=first.crc, overlaps=True) for number in range(1000)
    )
    return archive(first, *(honest(other, "<a/>") for other in others), *shared)


def nested(levels: int, core: bytes) -> bytes:
    for _ in range(levels):
        core = archive(honest("inner.zip", core))
    return core


def tricky_paths(content: str) -> bytes:
    """Names that lead out of a folder; a link out of it, and a file behind that link."""
    names = (
        "../../../../tmp/escaped.txt",
        "/tmp/absolute.txt",
        "..\\..\\escaped.txt",
        "C:\\escaped.txt",
        "a\0b.txt",
    )
    link = honest("link", "/etc", attributes=SYMLINK)
    return archive(*(honest(name, content) for name in names), link, honest("link/passwd", content))
