"""Writes OLE compound files, as Outlook and old Office do, for the tests of their parsers."""

import struct
from collections.abc import Mapping
from typing import TypeAlias

Tree: TypeAlias = "Mapping[str, bytes | Tree]"

SECTOR, MINI_SECTOR, CUTOFF = 512, 64, 4096
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STORAGE, STREAM, ROOT = 1, 2, 5
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def compound_file(tree: Tree) -> bytes:
    """Streams are bytes, storages are mappings; 60 KB at most."""
    sectors, mini = _Sectors(SECTOR), _Sectors(MINI_SECTOR)
    entries: list[list[object]] = [["Root Entry", ROOT, FREE, FREE, END, 0]]  # name, kind, right, child, …
    entries[0][3] = _add(tree, entries, sectors, mini)
    entries[0][4:] = sectors.store(mini.content), len(mini.content)
    mini_table = sectors.store(struct.pack(f"<{len(mini.next)}I", *mini.next))
    directory = sectors.store(b"".join(_entry(*entry) for entry in entries))
    assert len(sectors.next) < SECTOR // 4, "more needs a longer allocation table"
    table = [*sectors.next, TABLE]
    table += [FREE] * (SECTOR // 4 - len(table))
    header = MAGIC + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, directory, 0, CUTOFF, mini_table, mini_table != END, END, 0)
    header += struct.pack("<109I", len(sectors.next), *[FREE] * 108)
    return header + sectors.content + struct.pack(f"<{len(table)}I", *table)


class _Sectors:
    def __init__(self, size: int) -> None:
        self._size = size
        self.content = b""
        self.next: list[int] = []  # what follows each sector

    def store(self, content: bytes) -> int:
        """The number of the first sector."""
        if not content:
            return END
        start = len(self.next)
        count = -(-len(content) // self._size)
        self.content += content.ljust(count * self._size, b"\0")
        self.next += [*range(start + 1, start + count), END]
        return start


def _add(tree: Tree, entries: list[list[object]], sectors: _Sectors, mini: _Sectors) -> int:
    """The entries of a storage, as a chain of right siblings; the number of the first."""
    first = before = FREE
    # The order that the format asks for: short names first.
    for name, content in sorted(tree.items(), key=lambda item: (len(item[0]), item[0].upper())):
        number = len(entries)
        entry: list[object] = [name, STREAM, FREE, FREE, END, 0]
        entries.append(entry)
        if isinstance(content, bytes):
            place = mini if len(content) < CUTOFF else sectors
            entry[4:] = place.store(content), len(content)
        else:
            entry[1], entry[3] = STORAGE, _add(content, entries, sectors, mini)
        if first == FREE:
            first = number
        else:
            entries[before][2] = number
        before = number
    return first


def _entry(name: object, kind: object, right: object, child: object, start: object, size: object) -> bytes:
    encoded = str(name).encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB3I", len(encoded) + 2, kind, 1, FREE, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
