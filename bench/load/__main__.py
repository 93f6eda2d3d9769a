"""Every scenario of tests/load against a host of its own: `python -m bench.load`, or `make load`.

A real `rag serve`, its language model a stand-in in this process that takes its time. Writes `bench/load.md`
with graphs, and Locust's own reports to `.cache/load/reports/`. The exit code is 1 if a threshold was missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load.report import Scenario, page, picture, read_scenario
from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.openai_server import MODEL, OpenAIServer

ROOT = Path(__file__).parents[2]
LOCUST = ROOT / ".cache" / "load" / "bin" / "locust"
REPORTS = ROOT / ".cache" / "load" / "reports"
SCENARIOS = ("ask", "stream", "upload", "mixed", "spike", "soak")
THRESHOLDS = ROOT / "tests" / "load" / "thresholds.json"
EMAIL, PASSWORD = "load@example.com", planted("password of those who load")
_FIRST_TOKEN, _TOKEN = 0.3, 0.01  # seconds that the language model takes


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Of the host and its children, once a second: memory in MiB."""

    memory: list[float]


@contextmanager
def host(folder: Path) -> Iterator[RealHost]:
    """With the samples indexed and a language model that takes its time."""
    models = Path(os.environ.get("RAG_MODELS", ROOT / ".cache" / "models")) / "e5"
    with OpenAIServer() as model:
        model.behave(first_token_delay=_FIRST_TOKEN, token_delay=_TOKEN)
        settings = {"RAG_CHAT_MODEL": "openai", "OPENAI_BASE_URL": model.url, "OPENAI_CHAT_MODEL": MODEL}
        with RealHost(folder / "data", models=models, environment=settings) as running:
            running.sign_in(EMAIL, PASSWORD)
            files = [each for each in sorted((ROOT / "samples").iterdir()) if each.is_file()]
            for file in files:
                running.put(file.name, file.read_bytes())
            for file in files:
                running.wait_for_status(file.name, "indexed", "failed")
            yield running


@contextmanager
def watched(process: int) -> Iterator[Watched]:
    found, is_over = Watched(memory=[]), threading.Event()

    def watch() -> None:
        while not is_over.wait(1.0):
            found.memory.append(_memory(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()


def _memory(process: int) -> float:
    whole = psutil.Process(process)
    sizes = 0.0
    for each in (whole, *whole.children(recursive=True)):
        try:
            sizes += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return sizes / 2**20


def run(name: str, running: RealHost, *, users: int, seconds: int, reports: Path) -> Scenario:
    reports.mkdir(parents=True, exist_ok=True)
    command = [
        *(
            str(LOCUST),
            "--headless",
            "-f",
            f"tests/load/{name}.py",
            "--host",
            f"http://127.0.0.1:{running.port}",
        ),
        *("-u", str(users), "-r", str(max(users / 3, 1)), "-t", f"{seconds}s", "--only-summary"),
        *("--csv", str(reports / name), "--csv-full-history", "--html", str(reports / f"{name}.html")),
        *("--stop-timeout", "60"),
    ]
    environment = {**os.environ, "LOAD_EMAIL": EMAIL, "LOAD_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)}
    with watched(running.process.pid) as seen:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds + 180,
            check=False,
        )
    (reports / f"{name}.log").write_text(ended.stdout + ended.stderr)
    missed = [line.partition(": ")[2] for line in ended.stdout.splitlines() if line.startswith("NOT KEPT")]
    if ended.returncode and not missed:
        raise SystemExit(f"locust ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return read_scenario(
        reports / name, name=name, users=users, seconds=seconds, memory=seen.memory, missed=missed
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--seconds", type=int, default=40, help="of each but the soak")
    parser.add_argument("--soak-seconds", type=int, default=180)
    asked = parser.parse_args()
    kept = json.loads(THRESHOLDS.read_text())
    found = []
    with tempfile.TemporaryDirectory() as folder, host(Path(folder)) as running:
        for name in asked.scenarios:
            seconds = asked.soak_seconds if name == "soak" else asked.seconds
            users = kept[name]["users"]
            scenario = run(name, running, users=users, seconds=seconds, reports=REPORTS)
            print(f"{name}: {'; '.join(scenario.missed) or 'every threshold kept'}", flush=True)
            found.append(scenario)
    if set(asked.scenarios) == set(SCENARIOS):
        (ROOT / "bench" / "load.md").write_text(page(found, kept), encoding="utf-8")
        for scenario in found:
            (ROOT / "bench" / "plots" / f"load_{scenario.name}.svg").write_text(
                picture(scenario), encoding="utf-8"
            )
    sys.exit(any(scenario.missed for scenario in found))


if __name__ == "__main__":
    main()
