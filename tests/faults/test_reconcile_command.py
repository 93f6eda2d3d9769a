"""`rag reconcile`, as a CronJob runs it: one pass, one line, beside hosts that fire queue triggers alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def test_a_pass_announces_what_no_event_told_and_a_host_of_queues_ingests_it(
    new_host: Callable[..., RealHost], tmp_path: Path, weights: Path
) -> None:
    with new_host(arguments=("--only", "http")) as http:
        http.sign_in()
        http.drop("shared/pump.md", "The pump runs for nine hours.")
        with RealHost(tmp_path / "data", models=weights, arguments=("--only", "queues")) as queues:
            assert http.document("shared/pump.md") is None  # nobody watches the container
            assert _reconcile(tmp_path / "data", weights, "--json") == {
                "announced": 1,
                "filled": 0,
                "vanished": 0,
                "orphans": 0,
            }
            http.wait_for_status("shared/pump.md", "indexed")
            assert '"loop": "reconcile"' not in queues.text()
        said = _reconcile(tmp_path / "data", weights)
    assert said == "announced 0, filled 0, vanished 0, orphans removed 0"


def _reconcile(data: Path, weights: Path, *options: str) -> object:
    environment = {"RAG_MODELS": str(weights.parent), "RAG_EMBEDDER": weights.name}
    command = [sys.executable, "-m", "cli.main", "reconcile", "--data", str(data), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=True)
    return json.loads(done.stdout) if options else done.stdout.strip()
