"""The commands that a page prints for a shell, and what it says they print. Used by the tests of this folder.

A block of `sh` is run; a block of `text` right behind it is what the block prints, `…` in it being anything.
Blocks of `console` are shown alone.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_PATIENCE = 600.0  # seconds for a page


@dataclass(frozen=True, kw_only=True)
class Block:
    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    return [
        Block(
            language=found[2],
            text=re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
            line=page.count("\n", 0, found.start()) + 1,
        )
        for found in _BLOCK.finditer(page)
    ]


def run(page: Path, *, folder: Path, environment: Mapping[str, str], replaced: Mapping[str, str]) -> None:
    """All blocks of `sh` in one shell. Fails at the first that fails, or prints something else."""
    printed = blocks(page.read_text())
    commands = [block for block in printed if block.language == "sh"]
    assert commands, f"{page.name} has nothing to run"
    script = "set -euo pipefail\n"
    for block in commands:
        script += f"echo '<<{block.line}>>'\n{block.text}\n"
    for old, new in replaced.items():
        script = script.replace(old, new)
    ended = subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ | dict(environment),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    said = dict(re.findall(r"<<(\d+)>>\n(.*?)(?=<<\d+>>\n|\Z)", ended.stdout, re.DOTALL))
    assert ended.returncode == 0, f"{page.name}:{max(map(int, said))}: {ended.stderr or ended.stdout}"
    for block, after in zip(printed, [*printed[1:], None], strict=True):
        if block.language == "sh" and after is not None and after.language == "text":
            what = said[str(block.line)]
            assert is_as_printed(what, after.text), (
                f"{page.name}:{after.line} says\n{after.text}but it is\n{what}"
            )


def is_as_printed(said: str, printed: str) -> bool:
    """Whether the text has the printed lines, in their order, `…` being anything, further lines too."""
    lines = [".*".join(map(re.escape, line.split("…"))) for line in printed.strip().splitlines()]
    return re.search(".*".join(lines), said, re.DOTALL) is not None
