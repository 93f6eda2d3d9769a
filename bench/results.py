"""`bench/RESULTS.md`: every bench script replaces its own section of it, and no other."""

import datetime
import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEADING = """# Speed and size, measured

Each section is written by the script that it names; run that again to renew it.
"""


def replace_section(
    name: str, markdown: str, *, packages: Sequence[str] = (), results: Path = RESULTS
) -> None:
    """Put `markdown` between the markers of section `name`, under a line on machine, versions and date."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{markdown.strip()}\n\n{_circumstances(packages)}\n{end}"
    text = results.read_text(encoding="utf-8") if results.exists() else _HEADING
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    text = found.sub(lambda _: section, text) if found.search(text) else f"{text.rstrip()}\n\n{section}\n"
    results.write_text(text, encoding="utf-8")


def _circumstances(packages: Sequence[str]) -> str:
    versions = [f"{package} {version(package)}" for package in packages]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    parts = [today, _processor(), f"{os.cpu_count()} logical cores", f"Python {platform.python_version()}"]
    return f"_Measured {', '.join([*parts, *versions])}._"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
