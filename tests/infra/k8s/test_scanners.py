"""Kubernetes' own schemas and a common scanner find nothing in what the overlays become."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.k8s.planted_faults import Fault
from tests.infra.k8s.rendered import OVERLAYS, REPOSITORY, Objects, render

TOOLS = REPOSITORY / ".cache/infra/bin"
# Their schemas are not Kubernetes' own: test_keda.py checks KEDA's, test_promises.py what the rest says.
CUSTOM = {
    "ExternalSecret",
    "Gateway",
    "HTTPRoute",
    "PodMonitor",
    "ScaledObject",
    "SecretProviderClass",
    "SecretStore",
    "TriggerAuthentication",
}
# What the scanner would have otherwise, with the reason.
ACCEPTED = {
    "CKV_K8S_11": "no CPU limits: they throttle answers while the node has time to spare",
    "CKV_K8S_35": "settings are read from the environment; the Secret is made from Key Vault's",
}
ACCEPTED_THERE = {
    "aks-functions.yaml": {"CKV_K8S_22"},  # the Functions host writes under its own folders
    "local.yaml": {"CKV_K8S_15", "CKV_K8S_43"},  # an image that is loaded, not pulled, has a tag alone
}

pytestmark = pytest.mark.skipif(not TOOLS.exists(), reason="no validators here: make infra-tools")


def write(objects: Objects, path: Path) -> Path:
    path.write_text(yaml.safe_dump_all(objects))
    return path


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("rendered")
    return [write(render(overlay), folder / f"{overlay}.yaml") for overlay in OVERLAYS]


def validate(*paths: Path) -> tuple[int, list[str]]:
    """Its exit code, and the lines that are more than an `INFO … passed`."""
    tool = TOOLS / "kubernetes-validate"
    done = subprocess.run(
        [tool, "--strict", *paths], check=False, capture_output=True, text=True, timeout=100
    )
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("INFO")]


def scan(*paths: Path) -> dict[str, Any]:
    """Errors in what it cannot parse are no failures to it, so the summary has to be asked."""
    named = [argument for path in paths for argument in ("--file", path)]
    options = ["--framework", "kubernetes", "--skip-download", "--compact", "--output", "json"]
    done = subprocess.run(
        [TOOLS / "checkov", *named, *options], check=False, capture_output=True, text=True, timeout=300
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_kubernetes_knows_every_field(rendered: list[Path]) -> None:
    code, lines = validate(*rendered)
    assert code == 0, lines
    unknown = [line for line in lines if "Couldn't find schema for kind" in line]
    assert lines == unknown
    assert {line.partition(" kind ")[2].split()[0] for line in unknown} == CUSTOM


def test_an_unknown_field_is_found(tmp_path: Path) -> None:
    objects = render("aks-prod")
    Fault(
        promise="", overlay="aks-prod", change=["Deployment rag-api", "POD|terminationGracePeriod", 75]
    ).plant(objects)
    code, lines = validate(write(objects, tmp_path / "wrong.yaml"))
    assert code != 0
    assert any("terminationGracePeriod" in line for line in lines)


@pytest.mark.timeout(400)
def test_the_scanner_finds_nothing_else(rendered: list[Path], tmp_path: Path) -> None:
    objects = render("aks-prod")
    Fault(promise="", overlay="aks-prod", change=["Deployment rag-api", "POD|hostNetwork", True]).plant(
        objects
    )
    report = scan(*rendered, write(objects, tmp_path / "wrong.yaml"))
    assert report["summary"]["parsing_errors"] == 0
    found = {
        (Path(each["file_path"]).name, each["check_id"])
        for each in report["results"]["failed_checks"]
        if each["check_id"] not in ACCEPTED
    }
    expected = {(name, check) for name, checks in ACCEPTED_THERE.items() for check in checks}
    assert found == expected | {("wrong.yaml", "CKV_K8S_19")}  # the last is the planted one
    assert report["summary"]["resource_count"] > 20 * len(OVERLAYS)
