"""Every workflow keeps every promise, and each promise is seen to be broken by a fault that is planted."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.workflows import promises
from tests.infra.workflows.promises import PROMISES, Promise, Workflows

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github/workflows"


def read_workflows() -> Workflows:
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}


def step_of(workflows: Workflows, workflow: str, job: str, what: str) -> dict[str, Any]:
    steps = workflows[workflow]["jobs"][job]["steps"]
    found: dict[str, Any] = next(step for step in steps if what in str(step))
    return found


def change(*path: str, to: Any) -> Callable[[Workflows], None]:
    """Plants a fault in the workflow, the job and the entry that the path leads to."""

    def plant(workflows: Workflows) -> None:
        place: Any = workflows
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return plant


def in_step(workflow: str, job: str, what: str, key: str, to: Any) -> Callable[[Workflows], None]:
    return lambda workflows: step_of(workflows, workflow, job, what).__setitem__(key, to)


DOWNLOAD = "curl --output tool https://example.com/tool"
EVENTS: dict[Any, Any] = {"pull_request": None, "workflow_run": {"workflows": ["CI"]}}
PLANTED: list[tuple[Promise, Callable[[Workflows], None]]] = [
    (promises.read_only_at_the_top, change("ci", "permissions", to={"contents": "write"})),
    (promises.read_only_at_the_top, lambda workflows: workflows["ci"].pop("permissions")),
    (promises.rights_have_a_use, change("ci", "jobs", "test", "permissions", to={"id-token": "write"})),
    (promises.rights_have_a_use, change("image", "jobs", "push", "permissions", to={"packages": "write"})),
    (promises.no_strangers_code_with_rights, lambda workflows: workflows["ci"].__setitem__(True, EVENTS)),
    (promises.no_strangers_code_with_rights, change("image", "jobs", "push", "if", to="always()")),
    (promises.actions_are_pinned, in_step("deploy", "dev", "azure/login", "uses", "azure/login@v3")),
    (promises.downloads_are_checked, in_step("image", "try", "sha256sum", "run", DOWNLOAD)),
    (promises.tokens_are_not_left_behind, in_step("deploy", "prod", "actions/checkout", "with", {})),
    (promises.jobs_end, lambda workflows: workflows["deploy"]["jobs"]["prod"].pop("timeout-minutes")),
    (promises.runs_do_not_pile_up, lambda workflows: workflows["image"].pop("concurrency")),
    (promises.runs_do_not_pile_up, change("deploy", "concurrency", "cancel-in-progress", to=True)),
    (
        promises.scripts_are_not_made_of_what_people_write,
        in_step("image", "push", "docker login", "run", "echo ${{ github.head_ref }}"),
    ),
    (
        promises.no_secret_becomes_an_argument,
        in_step("image", "push", "docker login", "run", 'docker login --password "$DOCKERHUB_TOKEN"'),
    ),
    (
        promises.no_tag_moves,
        in_step("image", "push", "buildx build", "run", 'docker push --tag "$REGISTRY/rag-functions:latest"'),
    ),
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_every_workflow_keeps_the_promise(promise: Promise) -> None:
    assert list(promise(read_workflows())) == []


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=lambda number: PLANTED[number][0].__name__)
def test_a_planted_fault_breaks_it(number: int) -> None:
    promise, plant = PLANTED[number]
    workflows = read_workflows()
    plant(workflows)
    assert list(promise(workflows)) != []


def test_every_promise_has_a_planted_fault() -> None:
    assert {promise for promise, _ in PLANTED} == set(PROMISES)


def test_the_auditor_of_workflows_finds_nothing() -> None:
    zizmor = ROOT / ".cache/security/bin/zizmor"
    if not zizmor.exists():
        pytest.skip("`make security` installs zizmor, and runs it too")
    done = subprocess.run(
        [zizmor, "--offline", "--quiet", FOLDER], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_linter_of_workflows_finds_nothing() -> None:
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("no actionlint: https://github.com/rhysd/actionlint/releases, 1.7.10 or newer")
    done = subprocess.run([actionlint, *FOLDER.glob("*.yml")], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
