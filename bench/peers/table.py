"""From what the steps of all rounds measured to figures and their tables. Used by `python -m bench.peers`."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from evals.measures import hit, mean, ndcg, percentile, recall

Round: TypeAlias = Mapping[str, Mapping[str, Any]]  # what the steps "fill" and "search" measured
Figures: TypeAlias = dict[str, Any]
_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Column:
    title: str
    name: str
    form: str = "{:,.1f}"
    is_more_better: bool = False


QUALITY = (
    Column(title="nDCG@10", name="ndcg@10", form="{:.3f}", is_more_better=True),
    Column(title="recall@10", name="recall@10", form="{:.3f}", is_more_better=True),
)
PAGES = (
    Column(title="page hit@5", name="page hit@5", form="{:.2f}", is_more_better=True),
    Column(title="file hit@5", name="file hit@5", form="{:.2f}", is_more_better=True),
)
FILLING = (
    Column(title="added/s", name="added_per_second", is_more_better=True),
    Column(title="added/CPU s", name="added_per_cpu_second", is_more_better=True),
)
SEARCHING = (
    Column(title="p50 ms", name="alone_p50"),
    Column(title="p99 ms", name="alone_p99"),
    Column(title="CPU ms", name="cpu_ms"),
)
AT_ONCE = (
    Column(title="16 clients: p50 ms", name="together_p50"),
    Column(title="p99 ms", name="together_p99"),
    Column(title="searches/s", name="searches_per_second", form="{:,.0f}", is_more_better=True),
)
SIZE = (
    Column(title="cold start s", name="cold_seconds", form="{:.2f}"),
    Column(title="of it imports", name="import_seconds", form="{:.2f}"),
    Column(title="memory MB", name="resting_mb", form="{:,.0f}"),
    Column(title="peak MB", name="peak_mb", form="{:,.0f}"),
    Column(title="disk MB", name="disk_mb"),
)
# A table each.
TEXTS = ((*QUALITY, *SEARCHING, *AT_ONCE), (*FILLING, *SIZE))
FILES = ((*PAGES, *SEARCHING), (*FILLING, *SIZE))


def figures(rounds: Sequence[Round], values: Mapping[str, Sequence[float]]) -> Figures:
    """Medians over the rounds; of `values`, one for each question, the means. Or the first `error`."""
    for step in (step for each in rounds for step in each.values()):
        if "error" in step:
            return {"error": step["error"]}
    measured = [_flat(each["fill"], each["search"]) for each in rounds]
    return {
        "features": rounds[0]["search"]["features"],
        "unread": rounds[0]["fill"]["unread"],
        **{name: statistics.median(each[name] for each in measured) for name in measured[0]},
        **{name: mean(each) for name, each in values.items()},
    }


def _flat(fill: Mapping[str, Any], search: Mapping[str, Any]) -> dict[str, float]:
    found = {name: search[name] for name in ("cold_seconds", "import_seconds", "cpu_ms")}
    found |= {
        "added_per_second": fill["added"] / fill["seconds"],
        "added_per_cpu_second": fill["added"] / fill["cpu_seconds"],
        "peak_mb": fill["peak_bytes"] / _MIB,
        "disk_mb": fill["disk_bytes"] / _MIB,
        "resting_mb": search["resting_bytes"] / _MIB,
    }
    for clients in ("alone", "together"):
        if taken := search.get(f"{clients}_ms"):
            found |= {f"{clients}_p{percent}": percentile(taken, percent / 100) for percent in (50, 99)}
    if "per_second" in search:
        found["searches_per_second"] = search["per_second"]
    return found


def quality(rankings: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]) -> dict[str, list[float]]:
    """A value for each question: how good a ranking of texts is."""
    pairs = list(zip(rankings, wanted, strict=True))
    return {
        "ndcg@10": [ndcg(ranking, dict.fromkeys(each, 1.0)) for ranking, each in pairs],
        "recall@10": [recall(ranking, each, k=10) for ranking, each in pairs],
    }


def page_quality(
    rankings: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]
) -> dict[str, list[float]]:
    """A value for each question: whether one of the first five is of a right page, or at least file."""
    pairs = list(zip(rankings, wanted, strict=True))
    return {
        "page hit@5": [float(any(_fits(each, places) for each in ranking[:5])) for ranking, places in pairs],
        "file hit@5": [
            hit([_file(each) for each in ranking], {_file(place) for place in places}, k=5)
            for ranking, places in pairs
        ],
    }


def _fits(place: str, wanted: frozenset[str]) -> bool:
    return place in wanted or f"{_file(place)}#" in wanted


def _file(place: str) -> str:
    return place.rpartition("#")[0]


def table(columns: Sequence[Column], found: Mapping[str, Figures], names: Mapping[str, str]) -> str:
    """A row for each peer; the best of each column is bold."""
    lines = [
        f"| | | {' | '.join(column.title for column in columns)} |",
        "|---" * (len(columns) + 2) + "|",
    ]
    best = {column.name: _best(column, found) for column in columns}
    for peer, each in found.items():
        if "error" in each:
            lines.append(f"| {names[peer]} | {each['error']} |{' |' * len(columns)}")
            continue
        cells = [_cell(column, each, best[column.name]) for column in columns]
        lines.append(f"| {names[peer]} | {each['features']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def behind(columns: Sequence[Column], found: Mapping[str, Figures], names: Mapping[str, str]) -> list[str]:
    """Of the first peer: in which columns another is better, which, and how many times."""
    ours, *_ = found.values()
    lines = []
    for column in columns:
        rivals = {peer: each[column.name] for peer, each in found.items() if column.name in each}
        if column.name not in ours or not all(rivals.values()):
            continue
        best = (max if column.is_more_better else min)(rivals, key=lambda peer: rivals[peer])
        mine, other = ours[column.name], rivals[best]
        if mine != other:
            times = other / mine if column.is_more_better else mine / other
            lines.append(
                f"{column.title}: {column.form.format(mine)}, {names[best]} {times:.2f} times better"
            )
    return lines


def _best(column: Column, found: Mapping[str, Figures]) -> str:
    values = [each[column.name] for each in found.values() if column.name in each]
    choose = max if column.is_more_better else min
    return column.form.format(choose(values)) if values else ""


def _cell(column: Column, figures: Figures, best: str) -> str:
    if column.name not in figures:
        return "–"
    shown = column.form.format(figures[column.name])
    return f"**{shown}**" if shown == best else shown
