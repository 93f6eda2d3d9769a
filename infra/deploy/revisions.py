"""Which commit is deployed and which one before it, and the archive of one.

What runs is written on the resource group, as a tag, when it has passed the smoke test: whoever deploys next
finds there what to go back to, from any machine that has the repository. Used by infra/deploy/__main__.py.
"""

import shutil
import zipfile
from pathlib import Path

from infra.deploy.commands import CommandError, DeploymentError, az, run, say
from infra.deploy.options import ROOT

_TAG = "rag-revision"
# What runs on Azure Functions: the list of `make package`.
PACKAGED = ("function_app.py", "functions", "shared", "web", "host.json", "requirements.txt")


def present_revision() -> str:
    """Of the checkout: all that is deployed is taken from it."""
    changed = run("git", "status", "--porcelain", "--untracked-files=no", folder=ROOT).splitlines()
    if changed:
        say(f"NOT deployed, since not committed: changes in {len(changed)} files")
    return run("git", "rev-parse", "HEAD", folder=ROOT).strip()


def released_revision(group: str) -> str | None:
    """The commit that passed the smoke test last.

    Errors: `DeploymentError` where this clone has not got it: there would be no way back.
    """
    tags = az("group", "show", "--name", group, "--query", "tags") or {}
    revision: str | None = tags.get(_TAG)
    if revision is None:
        return None
    try:
        run("git", "cat-file", "-e", f"{revision}^{{commit}}", folder=ROOT)
    except CommandError as error:
        raise DeploymentError(
            f"{group} runs {revision[:12]}, which this clone has not got, so there would be no way back: "
            "`git fetch --unshallow`, or `git fetch origin` and that commit"
        ) from error
    return revision


def record_revision(group: str, revision: str) -> None:
    scope = az("group", "show", "--name", group, "--query", "id")
    az("tag", "update", "--resource-id", scope, "--operation", "Merge", "--tags", f"{_TAG}={revision}")


def archive(revision: str, paths: tuple[str, ...], target: Path) -> Path:
    """The paths as they were committed, as a zip file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    run("git", "archive", "--format", "zip", "--output", str(target), revision, "--", *paths, folder=ROOT)
    return target


def extract(revision: str, path: str, target: Path) -> Path:
    """One folder as it was committed, at the same place below `target`."""
    shutil.rmtree(target / path, ignore_errors=True)
    packed = archive(revision, (path,), target / "source.zip")
    with zipfile.ZipFile(packed) as files:
        files.extractall(target)
    packed.unlink()
    return target / path
