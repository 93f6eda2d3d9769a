"""What Locust has written, as a page and graphs. Used by `bench.load`."""

import csv
import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.curves.chart import Axis, Line, Panel, draw

_HEAD = """# Under load: `make load`

Written by `python -m bench.load`: a real host on this machine, e5 as its embedder, the samples as its
library, a language model that takes 0.3 s to its first word and 10 ms for each more, and Locust beside
them. The machine is shared, so compare lines of one run. Thresholds: `tests/load/thresholds.json`, also for
k6 (`tests/load/k6.js`). Locust's own reports are `.cache/load/reports/<scenario>.html`.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of request. Milliseconds."""

    name: str
    count: int
    failures: int
    per_second: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class Moment:
    second: float
    users: int
    per_second: float
    p50: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    users: int
    seconds: int
    rows: Sequence[Row]
    moments: Sequence[Moment]
    memory: Sequence[float]  # MiB, once a second
    missed: Sequence[str]


def read_scenario(
    prefix: Path, *, name: str, users: int, seconds: int, memory: Sequence[float], missed: Sequence[str]
) -> Scenario:
    """`prefix` as Locust's `--csv` has it."""
    with prefix.with_name(f"{prefix.name}_stats.csv").open() as file:
        rows = [_row(each) for each in csv.DictReader(file) if each["Name"] != "Aggregated"]
    with prefix.with_name(f"{prefix.name}_stats_history.csv").open() as file:
        history = [each for each in csv.DictReader(file) if each["Name"] == "Aggregated"]
    began = float(history[0]["Timestamp"]) if history else 0.0
    moments = [_moment(each, began) for each in history if each["95%"] not in ("", "N/A")]
    return Scenario(
        name=name, users=users, seconds=seconds, rows=rows, moments=moments, memory=memory, missed=missed
    )


def _row(each: Mapping[str, str]) -> Row:
    return Row(
        name=each["Name"],
        count=int(each["Request Count"]),
        failures=int(each["Failure Count"]),
        per_second=float(each["Requests/s"]),
        p50=_number(each["50%"]),
        p95=_number(each["95%"]),
        p99=_number(each["99%"]),
    )


def _moment(each: Mapping[str, str], began: float) -> Moment:
    return Moment(
        second=float(each["Timestamp"]) - began,
        users=int(each["User Count"]),
        per_second=float(each["Requests/s"]),
        p50=_number(each["50%"]),
        p95=_number(each["95%"]),
    )


def _number(text: str) -> float:
    return 0.0 if text in ("", "N/A") else float(text)


def page(scenarios: Sequence[Scenario], kept: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [_HEAD, _summary(scenarios)]
    for scenario in scenarios:
        parts.append(f"## {scenario.name}\n\n{_table(scenario, kept[scenario.name]['p95_ms'])}")
        parts.append(f"![{scenario.name} over time](plots/load_{scenario.name}.svg)\n")
    today = datetime.datetime.now(datetime.UTC).date()
    parts.append(f"_Measured {today}, {os.cpu_count()} logical cores, Python {platform.python_version()}._\n")
    return "\n".join(parts)


def _summary(scenarios: Sequence[Scenario]) -> str:
    lines = ["| scenario | people | seconds | requests | failed | shed | memory MiB | thresholds |"]
    lines.append("|---|--:|--:|--:|--:|--:|---|---|")
    for each in scenarios:
        count = sum(row.count for row in each.rows)
        failed = sum(row.failures for row in each.rows)
        shed = sum(row.count for row in each.rows if row.name == "shed")
        memory = f"{each.memory[0]:.0f} → {each.memory[-1]:.0f}" if each.memory else "–"
        cells = (each.name, each.users, each.seconds, f"{count:,}", failed, shed, memory)
        told = "; ".join(each.missed) or "kept"
        lines.append(f"| {' | '.join(map(str, cells))} | {told} |")
    return "\n".join(lines) + "\n"


def _table(scenario: Scenario, most: Mapping[str, float]) -> str:
    lines = ["| request | count | failed | a second | p50 ms | p95 ms | allowed | p99 ms |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|")
    for row in scenario.rows:
        allowed = f"{most[row.name]:,}" if row.name in most else ""
        lines.append(
            f"| {row.name} | {row.count:,} | {row.failures} | {row.per_second:.1f} | {row.p50:,.0f} "
            f"| {row.p95:,.0f} | {allowed} | {row.p99:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def picture(scenario: Scenario) -> str:
    seconds = Axis(label="seconds", starts_at_zero=True)
    moments = scenario.moments
    panels = [
        Panel(
            title="People, and requests a second",
            x=seconds,
            y=Axis(label="", starts_at_zero=True),
            lines=[
                _line("people", [(each.second, each.users) for each in moments], is_dashed=True),
                _line("requests a second", [(each.second, each.per_second) for each in moments]),
            ],
        ),
        Panel(
            title="Times of the last seconds, ms",
            x=seconds,
            y=Axis(label="", starts_at_zero=True),
            lines=[
                _line("p50", [(each.second, each.p50) for each in moments]),
                _line("p95", [(each.second, each.p95) for each in moments]),
            ],
        ),
        Panel(
            title="Memory of the host and its children, MiB",
            x=seconds,
            y=Axis(label="", starts_at_zero=True),
            lines=[_line("memory", list(enumerate(scenario.memory)))],
        ),
    ]
    return draw(panels, title=f"{scenario.name}: {scenario.users} people")


def _line(name: str, points: Sequence[tuple[float, float]], *, is_dashed: bool = False) -> Line:
    return Line(name=name, points=points[:: max(1, len(points) // 200)], is_dashed=is_dashed, has_marks=False)
