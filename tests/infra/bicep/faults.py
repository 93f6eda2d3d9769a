"""A fault found in Bicep, and the nearest right name for a wrong one. Used by every checker here."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, order=True)
class Fault:
    path: Path
    line: int
    kind: str  # a word for the family: what a planted fault must be found as
    text: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.kind}: {self.text}"


def hint(wrong: str, right: Iterable[str]) -> str:
    """`, did you mean x?`, or what there is if nothing is near and the list is short."""
    names = {name.lower(): name for name in right}
    near = difflib.get_close_matches(wrong.lower(), names, n=1)
    if near:
        return f", did you mean {names[near[0]]}?"
    return f", there are: {', '.join(sorted(names.values()))}" if 0 < len(names) <= 12 else ""
