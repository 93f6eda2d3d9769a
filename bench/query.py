"""What a question costs beside its models: `python -m bench.query` writes its section of RESULTS.md.

A real `rag serve` with a language model of known speed (bench/query_host), asked over HTTP by clients in
another process. Overhead is an answer's time without the model's own. `--serve` only starts that host, for
Locust or a profiler.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.query_host.clients import Load, Outcome
from bench.results import publish
from tests.real_host import RealHost

ROOT = Path(__file__).parents[1]
HOST = Path(__file__).with_name("query_host")
SAMPLES = ROOT / "samples"
QUESTION = "How many days of annual leave do I have?"
PACED = "deltas=40 ms=2000"
AT_ONCE = "deltas=20 ms=0"
IDLE = "deltas=2 ms=25000"
HELD = 1_000
COLUMNS = (
    "", "answers", "overhead p50 ms", "p99", "first event p50 ms", "p99", "answers/s", "CPU ms an answer",
    "CPU of the host", "of the clients", "failures",
)  # fmt: skip
# Limits are kept count of, and never reached.
_COUNTED = {"RAG_REQUESTS_PER_MINUTE": "1000000", "RAG_REQUESTS_PER_MINUTE_ADDRESS": "1000000"}
_CLIENTS = [sys.executable, "-m", "bench.query_host.clients"]


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    load: Load
    model_ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    row: Row
    outcome: Outcome
    cpu: float  # seconds of the host's

    def markdown(self) -> str:
        outcome = self.outcome
        whole = np.percentile(outcome.taken, [50, 99]) - self.row.model_ms
        first = np.percentile(outcome.first, [50, 99])
        answers = len(outcome.taken)
        figures = (
            answers,
            *(f"{ms:.1f}" for ms in (*whole, *first)),
            f"{answers / outcome.seconds:.0f}",
            f"{1000 * self.cpu / answers:.2f}",
            f"{self.cpu / outcome.seconds:.0%}",
            f"{outcome.cpu / outcome.seconds:.0%}",
            ", ".join(f"{count} {why}" for why, count in outcome.failures.items()) or "–",
        )
        return f"| {self.row.name} | {' | '.join(map(str, figures))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row")
    parser.add_argument("--at-once", type=int, default=100, help="streams")
    parser.add_argument("--rows", default="", help="only those whose name contains this")
    parser.add_argument("--serve", action="store_true", help="start the host, say where, and wait")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    with started() as host:
        table = [measure(row, host) for row in rows(host, arguments) if arguments.rows in row.name]
        idle = memory_of_idle_streams(host) if arguments.rows in "idle" else ""
    stages = stage_table(arguments) if arguments.rows in "stages" else ""
    section = report("\n".join(table), idle, stages, arguments)
    print(section)
    if not arguments.dry:
        publish("query", section, packages=("fastapi", "uvicorn"))


def rows(host: RealHost, arguments: argparse.Namespace) -> Iterator[Row]:
    many = Load(
        port=host.port,
        token=token_of(host),
        at_once=arguments.at_once,
        seconds=arguments.seconds,
        question=f"{QUESTION} instant {AT_ONCE}",
    )
    paced = replace(many, question=f"{QUESTION} instant {PACED}", spread=2.0)
    yield Row(name="model of 2 s", load=paced, model_ms=2_000)
    yield Row(name="… as JSON", load=replace(paced, is_streamed=False), model_ms=2_000)
    yield Row(name="… follow-ups", load=replace(paced, kind="follow_up"), model_ms=2_000)
    searched = replace(paced, question=f"{QUESTION} {PACED}", at_once=arguments.at_once // 2)
    yield Row(name="… embedded and searched, half as many", load=searched, model_ms=2_000)
    yield Row(name="instant model", load=many)
    yield Row(name="… as JSON", load=replace(many, is_streamed=False))
    yield Row(name="… one at a time", load=replace(many, at_once=1))
    yield Row(name="the same question", load=replace(many, kind="same"))


def measure(row: Row, host: RealHost) -> str:
    warm = replace(row.load, seconds=1.0, at_once=min(8, row.load.at_once), spread=0.0)
    asked(warm)
    cpu = cpu_seconds(host.process.pid)
    outcome = asked(row.load)
    spent = cpu_seconds(host.process.pid) - cpu
    if not outcome.taken:
        raise SystemExit(f"{row.name}: no answer, but {dict(outcome.failures)}")
    line = Measured(row=row, outcome=outcome, cpu=spent).markdown()
    print(line, flush=True)
    return line


def asked(load: Load) -> Outcome:
    command = [*_CLIENTS, json.dumps(asdict(load))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return Outcome(**json.loads(done.stdout))


def memory_of_idle_streams(host: RealHost) -> str:
    load = Load(
        port=host.port,
        token=token_of(host),
        at_once=HELD,
        question=f"{QUESTION} instant {IDLE}",
        hold=True,
    )
    before = resident_mib(host.process.pid)
    with subprocess.Popen(
        [*_CLIENTS, json.dumps(asdict(load))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as clients:
        assert clients.stdout is not None
        clients.stdout.readline()
        more = resident_mib(host.process.pid) - before
        held, _ = clients.communicate("\n")
    return f"{int(held):,} open streams that wait for their model take {more:.0f} MiB more than none."


def stage_table(arguments: argparse.Namespace) -> str:
    """Wall time of each call of a plug and each stage: one question at a time, and many."""
    with started({"BENCH_STAGES": "1"}) as host:
        one, many = (
            stages_of(replace(row.load, at_once=at_once, seconds=arguments.seconds / 2), host)
            for row in rows(host, arguments)
            if row.name == "model of 2 s"
            for at_once in (1, arguments.at_once)
        )
    lines = [
        f"| {name} | {len(many[name]) / len(many['tokens.verify']):.1f} | "
        + " | ".join(f"{np.percentile(taken[name], p):.2f}" for taken in (one, many) for p in (50, 99))
        + " |"
        for name in many
        if name in one
    ]
    return "\n".join(lines)


def stages_of(load: Load, host: RealHost) -> dict[str, list[float]]:
    asked(replace(load, seconds=1.0, spread=0.0))
    host.client.get("/bench/stages")
    asked(load)
    taken: dict[str, list[float]] = host.client.get("/bench/stages").raise_for_status().json()
    return taken


@contextlib.contextmanager
def started(environment: dict[str, str] | None = None) -> Iterator[RealHost]:
    """A host that has the samples indexed and somebody signed in."""
    models = ROOT / ".cache/models" / os.environ.get("RAG_EMBEDDER", "minilm")
    set_up = _COUNTED | (environment or {})
    with (
        tempfile.TemporaryDirectory() as folder,
        RealHost(Path(folder) / "data", models=models, code=HOST, environment=set_up) as host,
    ):
        host.sign_in()
        names = [f"shared/{path.name}" for path in sorted(SAMPLES.iterdir()) if path.is_file()]
        for name in names:
            host.drop(name, (SAMPLES / Path(name).name).read_bytes())
        for name in names:
            host.wait_for_status(name, "indexed", "failed")
        yield host


def token_of(host: RealHost) -> str:
    return str(host.client.headers["Authorization"]).removeprefix("Bearer ")


def serve() -> None:
    with started() as host:
        print(f"http://127.0.0.1:{host.port} is process {host.process.pid}\n{token_of(host)}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            host.process.wait()


def cpu_seconds(pid: int) -> float:
    """Of the process's own threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def report(table: str, idle: str, stages: str, arguments: argparse.Namespace) -> str:
    return f"""## Questions: `python -m bench.query`

A real host and {arguments.at_once} clients in another process of the same machine, each asking on as soon
as its answer has ended. *Overhead* is an answer's time without its model's own; the model of 2 s says 40
pieces at fixed moments, the instant one 20 at once. Neither embedding nor search takes time but where it
says so.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
{table}

{idle}

Where the time goes, ms of wall time, one question at a time and {arguments.at_once} of them:

| call | per answer | one: p50 | p99 | many: p50 | p99 |
|---|---|---|---|---|---|
{stages}
"""


if __name__ == "__main__":
    main()
