"""From a tag to prod: one image, by its digest, in each environment, after the one before it and approved."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
IMAGE, DEPLOY = (
    yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text()) for name in ("image", "deploy")
)
JOBS: dict[str, dict[str, Any]] = DEPLOY["jobs"]


def scripts(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def before(job: str) -> set[str]:
    """All that has to be done before it."""
    needed = JOBS[job].get("needs", [])
    names = [needed] if isinstance(needed, str) else needed
    return set(names).union(*(before(name) for name in names))


def test_dev_comes_before_the_plan_of_prod_and_that_before_prod() -> None:
    assert before("plan") >= {"image", "dev"}
    assert before("prod") >= {"image", "dev", "plan"}
    assert all("!failure() && !cancelled()" in JOBS[name]["if"] for name in ("dev", "plan", "prod"))


def test_each_environment_is_one_of_its_own_with_the_same_steps() -> None:
    assert [JOBS[name]["environment"] for name in ("dev", "plan", "prod")] == ["dev", "prod-plan", "prod"]
    assert JOBS["dev"]["steps"] == JOBS["prod"]["steps"]
    assert JOBS["dev"]["env"] == JOBS["prod"]["env"]


def test_what_would_change_is_shown_before_it_changes_and_the_plan_changes_nothing() -> None:
    assert scripts(JOBS["plan"]).strip() == "python3 -m infra.deploy --env prod --step plan"
    steps = scripts(JOBS["prod"])
    assert steps.index("cosign verify") < steps.index("--step infrastructure") < steps.index("--step release")


def test_it_signs_in_anew_before_the_release_since_bicep_may_outlast_the_first_token() -> None:
    names = [step.get("uses", step.get("run", "")) for step in JOBS["prod"]["steps"]]
    signs_in = [number for number, name in enumerate(names) if name.startswith("azure/login@")]
    infrastructure, release = (
        next(number for number, name in enumerate(names) if f"--step {step}" in name)
        for step in ("infrastructure", "release")
    )
    assert signs_in[0] < infrastructure < signs_in[1] < release


def test_the_whole_history_is_there_to_go_back_to() -> None:
    assert JOBS["dev"]["steps"][0]["with"]["fetch-depth"] == 0


def test_the_image_is_passed_by_its_digest_and_was_run_and_scanned_before_it_was_pushed() -> None:
    assert JOBS["dev"]["env"]["IMAGE"] == "${{ needs.image.outputs.image || inputs.image }}"
    push = IMAGE["jobs"]["push"]
    assert push["needs"] == "try"
    assert "@$digest" in scripts(push)
    tried = scripts(IMAGE["jobs"]["try"])
    assert "pytest -q tests/image" in tried
    assert "--fail-on high" in tried
    assert "for target in standalone functions" in tried


def test_what_is_pushed_is_for_both_processors_and_signed_and_attested() -> None:
    push = IMAGE["jobs"]["push"]
    assert "linux/amd64,linux/arm64" in scripts(push)
    assert 'cosign sign --yes --recursive "$STANDALONE" "$FUNCTIONS"' in scripts(push)
    attested = [step["with"] for step in push["steps"] if step.get("uses", "").startswith("actions/attest-")]
    assert len(attested) == 3
    assert all(each["push-to-registry"] is True for each in attested)


def test_a_release_has_its_version_as_a_tag_and_every_image_its_commit() -> None:
    build = scripts(IMAGE["jobs"]["push"])
    assert "sha-${REVISION::12}" in build
    assert 'version="${TAG#v}"' in build
    assert "v*" in DEPLOY[True]["push"]["tags"]


def test_every_setting_of_the_parameter_files_is_one_of_the_environment() -> None:
    named = set()
    for path in (ROOT / "infra/bicep").glob("*.bicepparam"):
        named |= {part.partition("'")[0] for part in path.read_text().split("readEnvironmentVariable('")[1:]}
    assert named <= JOBS["dev"]["env"].keys(), "deploy.yml does not pass on what Bicep reads"
