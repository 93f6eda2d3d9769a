"""More questions than can be answered: `python -m bench.overload`. Writes its section of bench/RESULTS.md.

A real `rag serve` whose language model takes a known time answers streams over the samples; questions come
from another process, at random moments, in a multiple of what the host can answer. Both share the machine:
the processors that the asking took are in the table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.open_loop import Outcome
from bench.results import publish
from cli.weights import prepare
from tests.real_host import RealHost

_ROOT = Path(__file__).resolve().parents[1]
_APP = Path(__file__).with_name("overloaded_app")
_SAMPLES = ("employee-handbook.pdf", "price-list-2026.pdf", "faq.html", "release-notes.md")
_LOADS = (0.5, 1.0, 2.0, 10.0)
_ASK = "from bench.open_loop import main; main()"
_FIRST_RATE = 10.0  # questions a second that the search for the most begins with
_KEPT_UP = 0.9  # of the questions: below that there are more than can be answered
_COLUMNS = (
    "load", "asked/s", "answered/s", "of the most", "refused/s", "failed",
    "first event p50 ms", "p99 ms", "p99 to 1×", "refusal p50 ms", "p99 ms",
    "processors, host", "asking",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    outcome: Outcome
    cpu: float  # of the host, seconds a second


class Overload:
    """One host, asked by one process at a time."""

    def __init__(self, host: RealHost, seconds: float) -> None:
        self._host = host
        self._seconds = seconds

    def prepare(self) -> None:
        self._host.sign_in()
        for name in _SAMPLES:
            self._host.put(f"samples/{name}", (_ROOT / "samples" / name).read_bytes())
        for name in _SAMPLES:
            self._host.wait_until(lambda name=name: self._is_indexed(name))

    def ask(self, rate: float) -> Run:
        token = self._host.client.headers["Authorization"].removeprefix("Bearer ")
        command = [sys.executable, "-c", _ASK, str(self._host.port), token]
        began, worked = time.monotonic(), self._worked()
        done = subprocess.run(
            [*command, str(rate), str(self._seconds)], cwd=_ROOT, check=True, capture_output=True, text=True
        )
        cpu = (self._worked() - worked) / (time.monotonic() - began)
        return Run(outcome=Outcome(**json.loads(done.stdout)), cpu=cpu)

    def saturation(self) -> float:
        """The most answers a second, at any rate of questions."""
        most, rate = 0.0, _FIRST_RATE
        while True:
            outcome = self.ask(rate).outcome
            most = max(most, outcome.answered)
            if outcome.answered < _KEPT_UP * outcome.offered:
                return most
            rate *= 1.5

    def _is_indexed(self, name: str) -> bool:
        listed = self._host.client.get("/api/documents").raise_for_status().json()["documents"]
        return any(each["name"].endswith(name) and each["status"] == "indexed" for each in listed)

    def _worked(self) -> float:
        fields = Path(f"/proc/{self._host.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(runs: dict[float, list[Run]], saturation: float) -> list[str]:
    most = max(saturation, *(_median([run.outcome.answered for run in each]) for each in runs.values()))
    at_one = _middle(runs[1.0], "first_ms", 99)
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    for load, each in runs.items():
        answered = _median([run.outcome.answered for run in each])
        p99 = _middle(each, "first_ms", 99)
        cells = [
            f"{load:g}×", f"{_median([run.outcome.offered for run in each]):.0f}", f"{answered:.1f}",
            f"{answered / most:.0%}", f"{_median([run.outcome.refused for run in each]):.0f}",
            str(sum(run.outcome.failed for run in each)),
            f"{_middle(each, 'first_ms', 50):.0f}", f"{p99:.0f}", f"{p99 / at_one:.2f}",
            f"{_middle(each, 'refused_ms', 50):.1f}", f"{_middle(each, 'refused_ms', 99):.1f}",
            f"{_median([run.cpu for run in each]):.2f}",
            f"{_median([run.outcome.cpu for run in each]):.2f}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells).replace("nan", "–") + " |")
    return lines


def _middle(runs: list[Run], times: str, percentile: int) -> float:
    """The median over the runs; NaN where there are none of these times."""
    found = [getattr(run.outcome, times) for run in runs]
    return _median([float(np.percentile(each, percentile)) for each in found if each])


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    options = parser.parse_args()
    models = prepare("minilm", _ROOT / ".cache/models", report=print)
    environment = {"RAG_ANSWER_CACHE_HOURS": "0", "RAG_LOG_LEVEL": "INFO"}
    with tempfile.TemporaryDirectory() as folder:
        host = RealHost(Path(folder) / "data", models=models, code=_APP, environment=environment)
        with host:
            overload = Overload(host, options.seconds)
            overload.prepare()
            saturation = overload.saturation()
            runs: dict[float, list[Run]] = {load: [] for load in _LOADS}
            for _ in range(options.runs):
                for load in _LOADS:
                    runs[load].append(overload.ask(load * saturation))
    told = (
        f"Streams from a model of 0.4 s, embedder `minilm`, no cached answers; at most {saturation:.0f} "
        f"answers/s. Medians of {options.runs} runs of {options.seconds:g} s at random moments. What else "
        "the machine did is in the figures."
    )
    title = "## More questions than can be answered: `python -m bench.overload`"
    markdown = "\n".join([title, "", told, "", *table(runs, saturation)])
    print(markdown)
    if not options.dry:
        publish("overload", markdown, packages=["uvicorn"])


if __name__ == "__main__":
    main()
