"""Schemathesis over the served description: everything it can think of, as administrator and as anybody.

The number of cases is that of the fuzzing phase for each operation, at most: one without parameters has
little to vary, and test_naughty_strings tries those. The coverage and stateful phases come on top. The cases
are the same each time, so that what fails can be tried again; RAG_HOSTILE_SEED, RAG_HOSTILE_CASES: others.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.described import operations
from tests.real_host import PASSWORD, RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(3600)]

_ROOT = Path(__file__).resolve().parents[2]
_CONFIG = Path(__file__).with_name("schemathesis.toml")
_CASES = os.environ.get("RAG_HOSTILE_CASES")
_SEED = os.environ.get("RAG_HOSTILE_SEED", "1")
ROOT = "root@example.net"  # whom no example guesses at


@pytest.mark.parametrize(
    ("email", "cases"),
    [
        pytest.param(ROOT, "200", id="administrator"),
        pytest.param("bob@example.com", "50", id="basic"),
    ],
)
def test_no_operation_fails_or_answers_what_it_does_not_describe(
    new_host: Callable[..., RealHost], tmp_path: Path, email: str, cases: str
) -> None:
    host = new_host().start()
    host.sign_in(ROOT)  # the first account administers
    host.sign_in(email)
    found = tried(host, email, tmp_path / "counts.json", _CASES or cases)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for told, count in json.loads((tmp_path / "counts.json").read_text()).items():
        status, _, operation = told.partition(" ")
        counts[operation][status] = count
    for operation, by_status in sorted(counts.items()):
        print(f"{sum(by_status.values()):6d} {operation} {by_status}")
    assert found.returncode == 0, found.stdout[-30_000:]
    assert {str(operation) for operation in operations(host)} <= counts.keys()
    assert not any("5xx" in by_status for by_status in counts.values())
    assert '"event": "request_failed"' not in host.text()


def tried(host: RealHost, email: str, counts: Path, cases: str) -> "subprocess.CompletedProcess[str]":
    address = f"http://127.0.0.1:{host.port}"
    command = [sys.executable, "-P", "-m", "schemathesis.cli", "--config-file", str(_CONFIG), "run"]
    command += [f"{address}/api/openapi.json", "--max-examples", cases, "--seed", _SEED, "--no-color"]
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
        "RAG_HOSTILE_COUNTS": str(counts),
        "RAG_HOSTILE_HOST": address,
        "RAG_HOSTILE_SIGN_IN": json.dumps(
            {"grant_type": "password", "username": email, "password": PASSWORD}
        ),
    }
    return subprocess.run(
        command,
        cwd=counts.parent,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
