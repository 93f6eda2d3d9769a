"""Installs the worker library once per Python version, apart from the project's packages."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements-worker.txt"


class PackagesMissing(Exception):
    """The package index cannot be reached, or does not have them for this Python."""


def worker_packages() -> Path:
    """The folder with the worker's packages; installed if it is not there yet."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / "worker" / f"{sys.implementation.cache_tag}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who else runs these tests at this moment waits and finds it done
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    scratch = folder.with_name(folder.name + ".new")
    shutil.rmtree(scratch, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:"]
    command += ["--target", str(scratch), "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagesMissing(done.stderr.strip().splitlines()[-1])
    # The wheel has the protocol's classes in its tests; under a name of their own they shadow nothing.
    shutil.move(scratch / "tests" / "protos", scratch / "function_rpc")
    shutil.rmtree(scratch / "tests")
    scratch.rename(folder)
