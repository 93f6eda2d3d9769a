"""Queue-driven scaling to a thousand replicas, simulated: `python -m bench.simulate_scale`.

Writes the tables of docs/scale.md and `bench/plots/scale.svg`.

What a document and a question call is counted (`bench/scale/calls.py`), what services allow is documented or
assumed (`Quotas`). The simulation tells where it breaks first, and what comes next when that is mended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.cost.bill import Assumptions, chunks_of, index_gb, search_size
from bench.cost.prices import read_prices
from bench.curves.chart import Axis, Line, Panel, draw
from bench.scale.calls import QUESTION
from bench.scale.fleet import Quotas, Run, Scaling, Worker, ceilings, simulate

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = ROOT / "docs" / "scale.md", ROOT / "bench" / "plots" / "scale.svg"
BURST = 1_000_000  # documents
FOR_EVER = 2_000_000  # seconds
_COLUMNS = "documents a second | bound by | 1M documents take | a document takes | replicas wait"
FLEETS = (10, 30, 100, 300, 1_000)

START = Quotas()
Setup = tuple[Worker, Quotas]
# What mends what binds: the first time it does, the second time …
MENDS: Mapping[str, Sequence[tuple[str, Callable[[Worker, Quotas], Setup]]]] = {
    "embedding tokens": [
        (
            "embedding quota × 100: deployments in several regions, or provisioned throughput",
            lambda worker, quotas: (
                worker,
                replace(quotas, embedding_tokens=1e8 / 60, embedding_requests=1e4),
            ),
        ),
        (
            "embedding quota × 800",
            lambda worker, quotas: (
                worker,
                replace(quotas, embedding_tokens=8e8 / 60, embedding_requests=8e4),
            ),
        ),
    ],
    "search index": [
        (
            "search: 36 units",
            lambda worker, quotas: (worker, replace(quotas, search=START.search * 36)),
        ),
        (
            "search: four services of 36 units, by organisation",
            lambda worker, quotas: (worker, replace(quotas, search=START.search * 36 * 4)),
        ),
    ],
    "queue": [
        (
            "holds of messages renewed every 20 s instead of 3 (`host/options.py`)",
            lambda worker, quotas: (replace(worker, renew_every=20), quotas),
        ),
        (
            "four ingestion queues, by the hash of the document's name",
            lambda worker, quotas: (worker, replace(quotas, queues=4)),
        ),
    ],
    "metadata store": [
        (
            "metadata store: 64 vCores (M200)",
            lambda worker, quotas: (worker, replace(quotas, mongo=64_000)),
        ),
    ],
}


def steps() -> Iterator[tuple[str, Setup, Run]]:
    """Mend what binds a thousand replicas, until only they themselves do, or nothing is left to mend."""
    name, setup = "as deployed", (Worker(), START)
    left = {binding: list(mends) for binding, mends in MENDS.items()}
    while True:
        run = simulate(BURST, setup[0], Scaling(), setup[1], limit=FOR_EVER)
        yield name, setup, run
        if not left.get(run.binding):
            return
        name, mend = left[run.binding].pop(0)
        setup = mend(*setup)


def fleets_table() -> str:
    rows = [f"| replicas at most | {_COLUMNS} |", "|--:|--:|---|--:|--:|--:|"]
    for most in FLEETS:
        run = simulate(BURST, Worker(), Scaling(most=most), START, limit=FOR_EVER)
        rows.append(f"| {most:,} | {_row(run)} |")
    return "\n".join(rows)


def steps_table(found: Sequence[tuple[str, Setup, Run]]) -> str:
    rows = [f"| changed, one after the other | {_COLUMNS} |", "|---|--:|---|--:|--:|--:|"]
    rows += [f"| {name} | {_row(run)} |" for name, _, run in found]
    return "\n".join(rows)


def questions_table() -> str:
    """Questions a second that each part lets through. A replica of `rag-api` gives 80 on a core."""
    prompt = Assumptions().prompt_tokens + Assumptions().answer_tokens
    parts = {
        "chat deployment, 1M tokens a minute": 1e6 / 60 / prompt,
        "search, S1 with two replicas (assumed 20 queries a second each)": 40 / QUESTION.search,
        "metadata store, M40 (assumed 4,000 commands a second)": START.mongo / QUESTION.mongo,
        "cache, B5 (assumed 50,000 commands a second)": START.redis / QUESTION.redis,
        "ten replicas of `rag-api` with a core each": 800.0,
    }
    rows = ["| part | questions a second | questions a month at a fifth of it |", "|---|--:|--:|"]
    for name, most in sorted(parts.items(), key=lambda each: each[1]):
        rows.append(f"| {name} | {most:,.0f} | {most / 5 * 730 * 3600 / 1e6:,.1f}M |")
    return "\n".join(rows)


def index_table() -> str:
    given, prices = Assumptions(), read_prices()
    rows = ["| documents of ten pages | chunks | disk | vector quota | smallest service, two replicas |"]
    rows.append("|--:|--:|--:|--:|---|")
    for documents in (1e4, 1e5, 1e6, 1e7, 2e7, 3e7, 1e8):
        disk, vectors = index_gb(documents, given)
        size = search_size(documents, prices, given, replicas=2)
        name = (
            f"{size.sku[7:].upper()}, {size.partitions} partitions" if size else "**none: several services**"
        )
        chunks = chunks_of(documents, given)
        rows.append(f"| {documents:,.0f} | {chunks:,.0f} | {disk:,.0f} GB | {vectors:,.1f} GB | {name} |")
    return "\n".join(rows)


def safe_replicas(worker: Worker, quotas: Quotas) -> int:
    """The most with which no document takes a tenth of the function's time while all of them work."""
    fitting = 0
    for replicas in range(1, 2_001):
        slowest = replicas * worker.at_once / min(ceilings(replicas, worker, quotas).values())
        if slowest > worker.longest / 10:
            break
        fitting = replicas
    return fitting


def _row(run: Run) -> str:
    per_second = run.worked / run.seconds
    lasts = f"{run.seconds / 3600:.1f} h"
    idle = f"{run.idle / run.ready:.0%}"
    slow = f"{run.slowest:,.0f} s" + (" **timed out**" if run.slowest > Worker().longest else "")
    return f"{per_second:,.1f} | {run.binding} | {lasts} | {slow} | {idle}"


def picture(last: Setup) -> str:
    panels = []
    for name, (worker, quotas) in (("Quotas as deployed", (Worker(), START)), ("Every quota raised", last)):
        run = simulate(BURST / 10, worker, Scaling(), quotas, limit=FOR_EVER)
        minutes = [(second / 60, backlog, asked, ready) for second, backlog, asked, ready in run.timeline]
        minutes = minutes[:: max(1, len(minutes) // 300)]
        lines = [
            Line(name="waiting / 100", points=[(m, b / 100) for m, b, _, _ in minutes], has_marks=False),
            Line(
                name="replicas asked",
                points=[(m, a) for m, _, a, _ in minutes],
                has_marks=False,
                is_dashed=True,
            ),
            Line(name="ready", points=[(m, r) for m, _, _, r in minutes], has_marks=False),
        ]
        panels.append(
            Panel(
                title=name,
                x=Axis(label="minutes", starts_at_zero=True),
                y=Axis(label="", starts_at_zero=True),
                lines=lines,
            )
        )
    return draw(panels, title="100,000 documents at once")


def tables(found: Sequence[tuple[str, Setup, Run]]) -> str:
    most = safe_replicas(Worker(), START)
    told = f"With these quotas up to **{most}** replicas keep every document under a tenth of\n"
    told += "`functionTimeout`: that is the `maxReplicaCount` of `rag-ingest`. Of the 350,000 tokens a minute"
    told += " of\n"
    told += f"`prod`: **{safe_replicas(Worker(), replace(START, embedding_tokens=350_000 / 60))}**."
    return "\n\n".join(
        [
            "### More replicas, with quotas as deployed",
            fleets_table(),
            told,
            "### What to change, step by step, with a thousand replicas",
            steps_table(found),
            "### Questions",
            questions_table(),
            "### The index",
            index_table(),
        ]
    )


def main() -> None:
    found = list(steps())
    begin, end = "<!-- begin simulation -->", "<!-- end simulation -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n{tables(found)}\n{end}{after}", encoding="utf-8")
    PICTURE.write_text(picture(found[-1][1]), encoding="utf-8")


if __name__ == "__main__":
    main()
