"""What every workflow promises, a function each that yields what breaks it. Used by test_promises.py."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Workflows = dict[str, dict[str, Any]]
Promise = Callable[[Workflows], Iterator[str]]

# What a job may be allowed beyond reading the code, and what for.
ALLOWED = {
    "id-token: write": ("azure/login@", "cosign sign", "actions/attest-", "workflows/image.yml"),
    "attestations: write": ("actions/attest-", "workflows/image.yml"),
}
_PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40}")


def read_only_at_the_top(workflows: Workflows) -> Iterator[str]:
    for name, workflow in workflows.items():
        if workflow.get("permissions") not in ({}, {"contents": "read"}):
            yield f"{name}: every job may more than read"


def rights_have_a_use(workflows: Workflows) -> Iterator[str]:
    for name, job in _jobs(workflows):
        for right, how in (job.get("permissions") or {}).items():
            uses = ALLOWED.get(f"{right}: {how}", ())
            if f"{right}: {how}" != "contents: read" and not any(use in str(job) for use in uses):
                yield f"{name}: may {right}: {how} and does not need it"


def no_strangers_code_with_rights(workflows: Workflows) -> Iterator[str]:
    for name, workflow in workflows.items():
        for event in ("pull_request_target", "workflow_run", "issue_comment"):
            if event in _events(workflow):
                yield f"{name}: {event} runs with rights what anybody sends"
        if "pull_request" in _events(workflow) and any("secrets." in str(job) for job in _open(workflow)):
            yield f"{name}: a secret is within reach of a pull request"


def actions_are_pinned(workflows: Workflows) -> Iterator[str]:
    for name, uses in _uses(workflows):
        if not uses.startswith("./") and not _PINNED.fullmatch(uses):
            yield f"{name}: {uses} may be another tomorrow"


def downloads_are_checked(workflows: Workflows) -> Iterator[str]:
    for name, step in _steps(workflows):
        run = step.get("run", "")
        if "curl" in run and "sha256sum --check --strict" not in run:
            yield f"{name}: what is downloaded is not checked"


def tokens_are_not_left_behind(workflows: Workflows) -> Iterator[str]:
    for name, step in _steps(workflows):
        is_kept = step.get("with", {}).get("persist-credentials") is not False
        if is_kept and step.get("uses", "").startswith("actions/checkout@"):
            yield f"{name}: the token stays in the checkout"


def jobs_end(workflows: Workflows) -> Iterator[str]:
    for name, job in _jobs(workflows):
        if "uses" not in job and not 0 < job.get("timeout-minutes", 0) <= 150:
            yield f"{name}: no end"


def runs_do_not_pile_up(workflows: Workflows) -> Iterator[str]:
    for name, workflow in workflows.items():
        concurrency = workflow.get("concurrency", {})
        if "group" not in concurrency:
            yield f"{name}: runs of it pile up"
        if "infra.deploy" in str(workflow) and concurrency.get("cancel-in-progress") is not False:
            yield f"{name}: a deployment is cancelled half way"


def scripts_are_not_made_of_what_people_write(workflows: Workflows) -> Iterator[str]:
    for name, step in _steps(workflows):
        if "${{" in step.get("run", ""):
            yield f"{name}: an expression becomes a part of the script"


def no_secret_becomes_an_argument(workflows: Workflows) -> Iterator[str]:
    for name, step in _steps(workflows):
        if re.search(r"--?p(assword)?[ =]\"?\$", step.get("run", "")):
            yield f"{name}: a password is an argument"


def no_tag_moves(workflows: Workflows) -> Iterator[str]:
    for name, step in _steps(workflows):
        if re.search(r"--tag[ =]\S*:(latest|main|dev|prod)\b", step.get("run", "")):
            yield f"{name}: a tag that moves"


PROMISES: tuple[Promise, ...] = (
    read_only_at_the_top,
    rights_have_a_use,
    no_strangers_code_with_rights,
    actions_are_pinned,
    downloads_are_checked,
    tokens_are_not_left_behind,
    jobs_end,
    runs_do_not_pile_up,
    scripts_are_not_made_of_what_people_write,
    no_secret_becomes_an_argument,
    no_tag_moves,
)


def _events(workflow: dict[Any, Any]) -> dict[str, Any]:
    events: dict[str, Any] = workflow[True]  # YAML 1.1 reads `on` as a truth value
    return events


def _open(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """The jobs that a pull request starts."""
    return [
        job for job in workflow["jobs"].values() if "github.event_name == 'push'" not in job.get("if", "")
    ]


def _jobs(workflows: Workflows) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in workflows.items():
        for job, body in workflow["jobs"].items():
            yield f"{name} {job}", body


def _steps(workflows: Workflows) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in _jobs(workflows):
        for number, step in enumerate(job.get("steps", ())):
            yield f"{name} step {number}", step


def _uses(workflows: Workflows) -> Iterator[tuple[str, str]]:
    for name, job in _jobs(workflows):
        if "uses" in job:
            yield name, job["uses"]
    for name, step in _steps(workflows):
        if "uses" in step:
            yield name, step["uses"]
