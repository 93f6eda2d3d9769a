"""How each cost grows, drawn from what was stored and not from a run: `python -m bench.curves`.

Reads `bench/results/<name>.json`, writes `bench/plots/<name>.svg`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.curves.chart import Axis, Line, Panel, draw
from bench.results import STORED, read_result

Figures = Mapping[str, Any]
PLOTS = Path(__file__).resolve().parents[1] / "plots"


def search(figures: Figures) -> tuple[str, list[Panel]]:
    rows = [row for row in figures["rows"] if row["vectors"] == "clustered"]

    def line(name: str, key: str, *, is_dashed: bool = False) -> Line:
        return Line(name=name, points=[(row["chunks"], row[key]) for row in rows], is_dashed=is_dashed)

    chunks = Axis(label="chunks", is_log=True)
    latency = [
        line("p50", "p50"),
        line("p99", "p99"),
        line("p99, 16 at once", "p99_16", is_dashed=True),
    ]
    size = [line("memory", "memory"), line("disk", "disk")]
    return "One search, its memory and disk, as the index grows", [
        Panel(title="Search", x=chunks, y=Axis(label="ms", is_log=True), lines=latency),
        Panel(title="Memory and disk", x=chunks, y=Axis(label="MB", is_log=True), lines=size),
    ]


def users(figures: Figures) -> tuple[str, list[Panel]]:
    names = {"/api/search": "searches", "/api/query": "answers, model of 1 s"}

    def lines(key: str) -> list[Line]:
        return [
            Line(
                name=name,
                points=[(row["users"], row[key]) for row in figures["rows"] if row["route"] == route],
            )
            for route, name in names.items()
        ]

    axis = Axis(label="users who ask on at once", is_log=True, ticks=(1, 2, 4, 8, 16, 32, 64))
    return "What more users get from one host", [
        Panel(
            title="Throughput", x=axis, y=Axis(label="per s", starts_at_zero=True), lines=lines("per_second")
        ),
        Panel(title="p99, without the model", x=axis, y=Axis(label="ms", is_log=True), lines=lines("p99")),
    ]


def workers(figures: Figures) -> tuple[str, list[Panel]]:
    rows = figures["rows"]
    over_time = [
        Line(
            name=f"{row['workers']} worker{'s' if row['workers'] > 1 else ''}",
            points=_arrivals(row["indexed"], row["passed"]),
            has_marks=False,
        )
        for row in rows
    ]
    rate = Line(name="documents/s", points=[(row["workers"], row["per_second"]) for row in rows])
    return "Ingestion by documents and by workers", [
        Panel(
            title="Time to ingest",
            x=Axis(label="documents", starts_at_zero=True),
            y=Axis(label="s", starts_at_zero=True),
            lines=over_time,
        ),
        Panel(
            title="Throughput",
            x=Axis(label="workers on one machine", ticks=[row["workers"] for row in rows]),
            y=Axis(label="per s", starts_at_zero=True),
            lines=[rate],
        ),
    ]


def soak(figures: Figures) -> tuple[str, list[Panel]]:
    def line(name: str, key: str) -> Line:
        points = list(zip(figures["minutes"], figures[key], strict=True))
        return Line(name=name, points=points, has_marks=False)

    minutes = Axis(label="minutes of use", starts_at_zero=True)
    memory = [line("RSS", "rss"), line("its own (USS)", "unshared"), line("children's", "children_unshared")]
    rest = [line("open files", "files"), line("threads", "threads"), line("data, MiB", "data")]
    return "A host in steady use", [
        Panel(title="Memory", x=minutes, y=Axis(label="MiB", starts_at_zero=True), lines=memory),
        Panel(title="Files, threads, data", x=minutes, y=Axis(label="", starts_at_zero=True), lines=rest),
    ]


PICTURES: dict[str, Callable[[Figures], tuple[str, list[Panel]]]] = {
    "search": search,
    "users": users,
    "workers": workers,
    "soak": soak,
}


def _arrivals(counts: list[int], seconds: list[float]) -> list[tuple[float, float]]:
    """When each count was first seen to be reached."""
    at_first = zip([0, *counts], counts, seconds, strict=False)
    return [(0, 0), *((now, at) for before, now, at in at_first if now > before)]


def draw_all(stored: Path = STORED, plots: Path = PLOTS) -> None:
    plots.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        figures = read_result(name, folder=stored)
        if figures is None:
            print(f"{name}: nothing is stored; python -m bench.{name} measures it")
            continue
        title, panels = picture(figures)
        (plots / f"{name}.svg").write_text(draw(panels, title=title), encoding="utf-8")
        print(plots / f"{name}.svg")


if __name__ == "__main__":
    draw_all()
