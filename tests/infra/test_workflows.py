"""The workflows run what a developer runs, against real servers, and can do no harm."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CI = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
JOB = CI["jobs"]["test"]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    return yaml.safe_load(request.param.read_text())


def commands() -> list[str]:
    return [step["run"] for step in JOB["steps"] if "run" in step]


def published(service: str) -> set[str]:
    """The ports of the runner on which it listens."""
    return {ports.partition(":")[0] for ports in JOB["services"][service]["ports"]}


def test_what_runs_is_what_a_developer_runs_on_the_oldest_and_the_deployed_python() -> None:
    assert commands()[-2:] == ["make check", "make test"]
    versions = JOB["strategy"]["matrix"]["python"]
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == f">={versions[0]}"
    assert "3.13" in versions
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


def test_a_workflow_may_read_and_nothing_else_unless_a_job_says_so(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads `on` as a truth value


def test_every_job_has_an_end_and_a_newer_push_replaces_an_older_run(workflow: dict[str, Any]) -> None:
    assert all(0 < job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
    assert "group" in workflow["concurrency"]


def test_every_action_is_pinned_to_a_commit_and_the_token_is_not_left_behind(
    workflow: dict[str, Any],
) -> None:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert steps
    for step in steps:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
