"""The smoke test passes with the product as it is, and finds each fault that is planted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy.commands import DeploymentError
from infra.deploy.smoke import Account, read_account, smoke_test
from tests.infra.deploy.stand_in_host import EMAIL, FAULTS, PASSWORD, TOKEN, StandInHost, serving
from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]

ROOT = Path(__file__).parents[3]
ACCOUNT = Account(email=EMAIL, password=PASSWORD)


def run_smoke(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "infra.deploy.smoke", "--url", url, "--patience", "60"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SMOKE_")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def try_host(host: StandInHost, account: Account = ACCOUNT) -> None:
    with serving(host) as port:
        smoke_test(f"http://127.0.0.1:{port}", account, patience=0.1)


@pytest.mark.embedder
def test_it_passes_against_the_product_twice_and_leaves_no_document(tmp_path: Path, weights: Path) -> None:
    with RealHost(tmp_path / "data", models=weights) as host:
        url = f"http://127.0.0.1:{host.port}"
        first = run_smoke(url, SMOKE_EMAIL=EMAIL, SMOKE_PASSWORD=PASSWORD)
        assert first.returncode == 0, first.stdout + first.stderr
        host.sign_in(EMAIL, PASSWORD)
        asked = {"name": "releases", "scopes": ["query", "ingest"], "expires_in_days": 1}
        token = host.client.post("/api/auth/tokens", json=asked).raise_for_status().json()["token"]
        second = run_smoke(url, SMOKE_TOKEN=token)
        assert second.returncode == 0, second.stdout + second.stderr
        assert host.client.get("/api/documents").json()["documents"] == []
        wrong = run_smoke(url, SMOKE_EMAIL=EMAIL, SMOKE_PASSWORD=planted("wrong password"))
        assert wrong.returncode == 1
        assert "signed in: POST /api/auth/register answered 409" in wrong.stdout


def test_it_passes_where_nothing_is_wrong() -> None:
    host = StandInHost(lambda: "")
    try_host(host)
    assert host.documents == {}
    assert host.is_registered


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named_and_the_document_deleted(fault: str) -> None:
    host = StandInHost(lambda: fault)
    with pytest.raises(DeploymentError, match=r"smoke test, ") as error:
        try_host(host)
    assert FAULTS[fault] in str(error.value)
    assert host.documents == {} or fault in ("uploads are refused", "nothing is deleted")


def test_a_token_is_used_as_it_is_and_registers_nobody() -> None:
    host = StandInHost(lambda: "")
    try_host(host, Account(token=TOKEN))
    assert "POST /api/auth/register" not in host.requests
    assert "GET /api/auth/me" in host.requests


def test_where_nobody_answers_it_says_so_after_its_patience() -> None:
    with serving(StandInHost(lambda: "")) as port:
        url = f"http://127.0.0.1:{port}"
    with pytest.raises(DeploymentError, match="live: not within"):
        smoke_test(url, ACCOUNT, patience=0.1)


def test_without_an_account_it_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMOKE_TOKEN", "SMOKE_EMAIL", "SMOKE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeploymentError, match="who is to try the release"):
        read_account()
    ended = run_smoke("http://127.0.0.1:9")
    assert ended.returncode == 1
    assert "SMOKE_TOKEN" in ended.stdout
