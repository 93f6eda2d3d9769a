"""Reads the sources of samples: a little Markdown (sample_sources/README.md). Used by what writes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(kw_only=True)
class Block:
    kind: Literal["title", "heading", "item", "table", "text", "page", "note", "chart"]
    text: str = ""
    level: int = 1
    rows: list[list[str]] = field(default_factory=list)


def read_blocks(source: str) -> Iterator[Block]:
    table: Block | None = None
    for line in source.splitlines():
        if line.startswith("|"):
            if table is None:
                table = Block(kind="table")
                yield table  # its rows follow while the reader goes on: read all blocks before use
            table.rows.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        table = None
        if match := re.match(r"(#+) (.*)", line):
            yield Block(kind="heading", text=match[2], level=len(match[1]))
        elif match := re.match(r"(title|note|chart): (.*)", line):
            yield Block(kind=match[1], text=match[2])  # type: ignore[arg-type]
        elif line == "---":
            yield Block(kind="page")
        elif line.startswith("- "):
            yield Block(kind="item", text=line[2:])
        elif line:
            yield Block(kind="text", text=line)
