"""What more users get from one host: `python -m bench.users` asks and searches with 1 to 64 of them.

A real `rag serve` with the samples and the embedder `minilm`; each user asks on as soon as the last answer
has ended. The language model is a stand-in that takes a second for an answer (bench/query_host).
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np

from bench.query import QUESTION, asked, cpu_seconds, started, token_of
from bench.query_host.clients import Load
from bench.results import replace_section, store_result
from tests.real_host import RealHost

USERS = (1, 2, 4, 8, 16, 32, 64)
_MODEL_MS = 1_000
_MODEL = f"deltas=20 ms={_MODEL_MS}"
_PACKAGES = ("fastapi", "uvicorn", "onnxruntime", "tantivy")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Milliseconds of what is not the model's own time."""

    route: Literal["/api/search", "/api/query"]
    users: int
    per_second: float
    p50: float
    p99: float
    cpu: float  # milliseconds of the host's per answer
    failures: dict[str, int]  # how many for each reason


def loads(host: RealHost, seconds: float, most: int) -> Iterator[Load]:
    search = Load(port=host.port, token=token_of(host), at_once=1, question=QUESTION, seconds=seconds)
    search = replace(search, path="/api/search", is_streamed=False)
    paced = f"{QUESTION} {_MODEL}"
    ask = replace(search, path="/api/query", is_streamed=True, question=paced, spread=_MODEL_MS / 1_000)
    for load in (search, ask):
        for users in USERS:
            if users <= most:
                yield replace(load, at_once=users)


def measure(load: Load, host: RealHost) -> Row:
    asked(replace(load, seconds=1.0, spread=0.0))
    cpu = cpu_seconds(host.process.pid)
    outcome = asked(load)
    cpu = cpu_seconds(host.process.pid) - cpu
    if not outcome.taken:
        raise SystemExit(f"{load.at_once} users: no answer, but {dict(outcome.failures)}")
    is_search = load.path == "/api/search"
    p50, p99 = np.percentile(outcome.taken, [50, 99]) - (0 if is_search else _MODEL_MS)
    return Row(
        route="/api/search" if is_search else "/api/query",
        users=load.at_once,
        per_second=len(outcome.taken) / outcome.seconds,
        p50=float(p50),
        p99=float(p99),
        cpu=1_000 * cpu / len(outcome.taken),
        failures=dict(outcome.failures),
    )


def line(row: Row) -> str:
    failures = ", ".join(f"{count} {why}" for why, count in row.failures.items()) or "–"
    return (
        f"| `{row.route}` | {row.users} | {row.per_second:.1f} | {row.p50:.0f} | {row.p99:.0f} "
        f"| {row.cpu:.1f} | {failures} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row")
    parser.add_argument("--most", type=int, default=USERS[-1], help="users")
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    options = parser.parse_args()
    rows = []
    with started() as host:
        for load in loads(host, options.seconds, options.most):
            rows.append(measure(load, host))
            print(line(rows[-1]), flush=True)
    section = report(rows)
    print(section)
    if not options.dry:
        replace_section("users", section, packages=_PACKAGES)
        store_result("users", {"rows": list(map(asdict, rows))}, packages=_PACKAGES)


def report(rows: list[Row]) -> str:
    table = "\n".join(map(line, rows))
    return f"""## Users: `python -m bench.users`

One host with the samples and the embedder `minilm`; each user asks on as soon as the last answer has ended.
Answers are streamed from a stand-in model that takes {_MODEL_MS / 1_000:g} s, which the times do not contain;
every question is embedded and searched, none is answered from a cache. CPU is the host's.

| route | users | answers/s | p50 ms | p99 ms | CPU ms an answer | failures |
|---|---|---|---|---|---|---|
{table}

![The same as curves](plots/users.svg)"""


if __name__ == "__main__":
    main()
