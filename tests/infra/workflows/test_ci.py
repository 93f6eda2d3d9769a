"""The workflow `ci` runs what a developer runs, against real servers and on every Python that is promised."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
CI = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
JOB = CI["jobs"]["test"]


def commands() -> list[str]:
    return [step["run"] for step in JOB["steps"] if "run" in step]


def checked_out(repository: str) -> dict[str, str]:
    """What a step that checks it out is given."""
    steps = [step["with"] for step in JOB["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    found: dict[str, str] = next(given for given in steps if given.get("repository") == repository)
    return found


def published(service: str) -> set[str]:
    """The ports of the runner on which it listens."""
    return {ports.partition(":")[0] for ports in JOB["services"][service]["ports"]}


def test_what_runs_is_what_a_developer_runs_on_every_python_that_is_promised() -> None:
    assert commands()[-2:] == ["make check", "make test"]
    versions = JOB["strategy"]["matrix"]["python"]
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == f">={versions[0]}"
    assert versions == ["3.11", "3.12", "3.13"]
    assert JOB["env"]["PYTHON"] == "python${{ matrix.python }}"
    assert "PYTHON ?=" in (ROOT / "Makefile").read_text()


def test_every_server_that_the_tests_can_be_named_is_a_service_container_that_is_waited_for() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests/servers").glob("*.py"))
    named = set(re.findall(r'"(TEST_[A-Z]\w+)"', sources))
    assert {name for name in JOB["env"] if name.startswith("TEST_")} == named
    assert {service["image"].partition(":")[0] for service in JOB["services"].values()} == {
        "mongo",
        "redis",
        "mcr.microsoft.com/azure-storage/azurite",
    }
    assert all("--health-cmd" in service["options"] for service in JOB["services"].values())


def test_the_addresses_are_those_of_the_service_containers() -> None:
    assert JOB["env"]["TEST_MONGODB_URI"].rpartition(":")[2] in published("mongo")
    assert JOB["env"]["TEST_REDIS_URL"].rpartition(":")[2].removesuffix("/0") in published("redis")
    assert JOB["env"]["TEST_STORAGE_CONNECTION"] == "UseDevelopmentStorage=true"
    assert {"10000", "10001"} <= published("azurite")  # where that is


def test_azurite_is_the_one_that_developers_install() -> None:
    version = JOB["services"]["azurite"]["image"].rpartition(":")[2]
    assert f"azurite@{version}" in (ROOT / "Makefile").read_text()
    assert "--skipApiVersionCheck" in JOB["services"]["azurite"]["command"]


def test_what_the_tests_of_infra_need_is_there() -> None:
    installed = next(command for command in commands() if "apt-get install" in command)
    assert {"prometheus", "redis-server", "tesseract-ocr"} <= set(installed.split())
    types, keda = checked_out("Azure/bicep-types-az"), checked_out("kedacore/keda")
    assert re.fullmatch("[0-9a-f]{40}", types["ref"])
    assert re.fullmatch("[0-9a-f]{40}", keda["ref"])
    assert JOB["env"]["AZURE_TYPES"].endswith(types["path"])
    copied = next(
        command for command in commands() if "scalers-schema" in command or ".specs/keda" in command
    )
    assert keda["path"] in copied
    assert JOB["env"]["KEDA_DEFINITIONS"].endswith(".specs/keda")


def test_both_parameter_files_go_through_bicep_itself() -> None:
    compiled = "".join(step.get("run", "") for step in CI["jobs"]["infrastructure"]["steps"])
    for file in ("main.bicep", "dev.bicepparam", "prod.bicepparam"):
        assert f"--file infra/bicep/{file}" in compiled
        assert (ROOT / "infra/bicep" / file).exists()


def test_what_failed_in_the_browser_and_what_was_covered_is_kept() -> None:
    kept = [
        step["with"]["path"]
        for job in CI["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    ]
    assert kept == ["tests/browser/artefacts/", "coverage/", "dist/rag-functions.cdx.json"]
