"""The common scanner finds nothing in what Bicep deploys, could read all of it, and finds what is planted.

It ends with 0 on files that it cannot read: those are asked for by themselves.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CHECKOV = ROOT / ".cache/infra/bin/checkov"
UNREADABLE = "resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {\n  name: \n"
OPEN = """resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'open'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: true
    supportsHttpsTrafficOnly: false
  }
}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of one run, which takes half a minute of a processor, over our files and two planted ones."""
    if not CHECKOV.exists():
        pytest.skip(f"there is no {CHECKOV.relative_to(ROOT)}: make infra-tools")
    folder = tmp_path_factory.mktemp("scanned")
    shutil.copytree(ROOT / "infra/bicep", folder / "ours")
    (folder / "unreadable.bicep").write_text(UNREADABLE)
    (folder / "open.bicep").write_text(OPEN)
    command = [CHECKOV, "--skip-download", "--framework", "bicep", "--output", "json", "--directory", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    report = json.loads(done.stdout)
    assert report["summary"]["resource_count"] > 50
    found: dict[str, Any] = report["results"]
    return found


def files_of(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["file_path"].removeprefix("/") for finding in findings}


@pytest.mark.timeout(300)
def test_every_file_is_read(results: dict[str, Any]) -> None:
    assert {Path(path).name for path in results["parsing_errors"]} == {"unreadable.bicep"}
    read = files_of(results["passed_checks"] + results["failed_checks"] + results["skipped_checks"])
    assert {"ours/modules/storage.bicep", "ours/modules/cluster.bicep", "open.bicep"} <= read


@pytest.mark.timeout(300)
def test_nothing_is_found_but_what_is_planted(results: dict[str, Any]) -> None:
    assert files_of(results["failed_checks"]) == {"open.bicep"}
    assert {"CKV_AZURE_3", "CKV_AZURE_44"} <= {each["check_id"] for each in results["failed_checks"]}


@pytest.mark.timeout(300)
def test_what_is_let_pass_has_a_reason_beside_it(results: dict[str, Any]) -> None:
    reasons = [each["check_result"]["suppress_comment"] for each in results["skipped_checks"]]
    assert reasons
    assert all(len(reason.split()) >= 3 for reason in reasons)
