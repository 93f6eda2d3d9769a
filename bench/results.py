"""`bench/RESULTS.md`: every bench script replaces its own section of it, and no other.

What is to be drawn or compared later is stored beside it, as `bench/results/<name>.json`.
"""

import datetime
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")
STORED = Path(__file__).with_name("results")
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


def publish(name: str, markdown: str, *, packages: Sequence[str] = (), folder: Path = RESULTS.parent) -> None:
    """Replace the section, and store its tables: for those that have nothing finer to store."""
    replace_section(name, markdown, packages=packages, results=folder / RESULTS.name)
    store_result(name, {"tables": tables_of(markdown)}, packages=packages, folder=folder / STORED.name)


def tables_of(markdown: str) -> list[dict[str, Any]]:
    """Cells that are numbers as numbers, the others as they are."""
    found: list[dict[str, Any]] = []
    is_inside = False
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line[1:].rstrip().removesuffix("|").split("|")]
        if not line.startswith("|"):
            is_inside = False
        elif not is_inside:
            found.append({"columns": cells, "rows": []})
            is_inside = True
        elif not all(cell and set(cell) <= set("-:") for cell in cells):
            found[-1]["rows"].append(list(map(_number_or_text, cells)))
    return found


def _number_or_text(cell: str) -> float | str:
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return cell


def store_result(
    name: str,
    figures: Mapping[str, object],
    *,
    seed: int | None = None,
    packages: Sequence[str] = (),
    folder: Path = STORED,
) -> None:
    """Keep the figures with what they depend on: machine, versions, date, the seed of what was drawn."""
    folder.mkdir(exist_ok=True)
    stored = {
        "date": _today(),
        "machine": _machine(),
        "versions": {"python": platform.python_version()} | {each: version(each) for each in packages},
        "seed": seed,
        "figures": figures,
    }
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def read_result(name: str, *, folder: Path = STORED) -> dict[str, Any] | None:
    """The figures that were stored last; None where there are none."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else None


def _circumstances(packages: Sequence[str]) -> str:
    versions = [f"{package} {version(package)}" for package in packages]
    return (
        f"_Measured {', '.join([_today(), _machine(), f'Python {platform.python_version()}', *versions])}._"
    )


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _machine() -> str:
    return f"{_processor()}, {os.cpu_count()} logical cores"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
