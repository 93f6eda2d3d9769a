"""Rows to a Markdown table. Called by the parsers of formats that have tables."""

import re
from collections.abc import Sequence

PADDING = re.compile(r" {2,}")
RULE = re.compile(r"(?<=[| :])-{4,}(?=[| :])")


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the header; rows may differ in length; empty rows and columns are left out."""
    filled = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if not filled:
        return ""
    width = max(len(row) for row in filled)
    padded = [row + [""] * (width - len(row)) for row in filled]
    kept = [column for column in range(width) if any(row[column] for row in padded)]
    lines = ["| " + " | ".join(row[column] for column in kept) + " |" for row in padded]
    return "\n".join([lines[0], "|" + " --- |" * len(kept), *lines[1:]])


def unpadded(markdown: str) -> str:
    """Tables without the spaces that align their columns: they count as text in a chunk."""
    return "\n".join(
        RULE.sub("---", PADDING.sub(" ", line)) if line.startswith("|") else line
        for line in markdown.split("\n")
    )
