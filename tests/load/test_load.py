"""The load scenarios run against a real host, and their thresholds can be missed."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.load.report import page, picture, read_scenario
from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
LOCUST = ROOT / ".cache" / "load" / "bin" / "locust"
SCENARIOS = ("ask", "stream", "upload", "mixed", "spike", "soak")
EMAIL, PASSWORD = "load@example.com", planted("password")

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(180)]
needs_locust = pytest.mark.skipif(not LOCUST.exists(), reason="make .cache/load/stamp installs Locust")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    with RealHost(tmp_path_factory.mktemp("load") / "data", models=weights) as running:
        running.sign_in(EMAIL, PASSWORD)
        running.put("leave.md", "You have 29 days of annual leave in a year.")
        running.wait_for_status("leave.md", "indexed")
        yield running


def run(name: str, host: RealHost, kept: dict[str, object], folder: Path) -> subprocess.CompletedProcess[str]:
    thresholds = folder / "thresholds.json"
    thresholds.write_text(json.dumps({name: kept}))
    command = [str(LOCUST), "--headless", "-f", f"tests/load/{name}.py", "-u", "4", "-r", "4", "-t", "6s"]
    command += [
        "--host",
        f"http://127.0.0.1:{host.port}",
        "--stop-timeout",
        "30",
        "--csv",
        str(folder / name),
    ]
    command += ["--csv-full-history"]
    own = {"LOAD_EMAIL": EMAIL, "LOAD_PASSWORD": PASSWORD, "LOAD_THRESHOLDS": str(thresholds)}
    environment = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@needs_locust
@pytest.mark.parametrize(
    ("name", "times"),
    [("ask", ["ask"]), ("stream", ["stream", "first event"]), ("upload", ["upload", "until indexed"])],
)
def test_a_scenario_runs_and_its_figures_make_a_page(
    name: str, times: list[str], host: RealHost, tmp_path: Path
) -> None:
    kept = {"failed": 0.0, "shed": 1.0, "p95_ms": dict.fromkeys(times, 60_000)}
    ended = run(name, host, kept, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    scenario = read_scenario(tmp_path / name, name=name, users=4, seconds=6, memory=[1.0, 2.0], missed=[])
    assert set(times) <= {row.name for row in scenario.rows}
    assert all(row.failures == 0 for row in scenario.rows)
    text = page([scenario], {name: kept})
    assert f"| {times[0]} |" in text
    assert "kept" in text
    assert picture(scenario).startswith("<svg")


@needs_locust
def test_a_threshold_that_is_missed_is_told_and_fails(host: RealHost, tmp_path: Path) -> None:
    ended = run("ask", host, {"failed": 0.0, "shed": 1.0, "p95_ms": {"ask": 0.001, "sing": 9}}, tmp_path)
    assert ended.returncode == 1
    told = re.findall(r"NOT KEPT ask: (.*)", ended.stdout)
    assert [re.sub(r"p95 \d+", "p95 N", each) for each in told] == [
        "ask: p95 N ms, 0.001 allowed",
        "sing: never done",
    ]


def test_every_scenario_has_thresholds_and_a_file() -> None:
    kept = json.loads((FOLDER / "thresholds.json").read_text())
    assert tuple(kept) == SCENARIOS
    for name in SCENARIOS:
        assert (FOLDER / f"{name}.py").exists()
        assert set(kept[name]) == {"users", "failed", "shed", "p95_ms"}


def test_k6_has_the_same_scenarios_and_reads_the_same_thresholds() -> None:
    script = (FOLDER / "k6.js").read_text()
    work = re.search(r"const WORK = \{(.*?)\n\};", script, re.DOTALL)
    assert work is not None
    assert set(re.findall(r"^  (\w+):", work[1], re.MULTILINE)) == set(SCENARIOS)
    measured = re.search(r"for \(const name of \[(.*?)\]\)", script)
    assert measured is not None
    kept = json.loads((FOLDER / "thresholds.json").read_text())
    names = {name for scenario in kept.values() for name in scenario["p95_ms"]}
    assert names <= set(re.findall(r"'([^']+)'", measured[1]))
    assert "open('./thresholds.json')" in script


def test_the_k6_script_is_sound_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("install node")
    script = tmp_path / "k6.mjs"
    script.write_text((FOLDER / "k6.js").read_text())
    checked = subprocess.run([node, "--check", str(script)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
