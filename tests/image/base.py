"""A base image out of Debian's packages, for machines that reach no container registry.

It stands in for `python:3.13-slim`: Debian trixie with its own Python 3.13, as thin as Debian's slim images,
and with what this machine needs to reach Debian and the package index. Made once, by `install`.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.servers import documentdb
from tests.servers.documentdb import CannotInstall

__all__ = ["TARBALL", "CannotInstall", "install"]

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "servers" / "image-base"
TARBALL = FOLDER / "base.tar"
_PACKAGES = "ca-certificates,python3,python3-venv"
_THIN = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
)


def install() -> None:
    """Errors: `CannotInstall`, for people."""
    if TARBALL.exists():
        return
    if os.geteuid() != 0:
        raise CannotInstall("only root can make an image out of Debian's packages")
    if not (debootstrap := shutil.which("debootstrap")):
        raise CannotInstall("debootstrap is missing: apt-get install debootstrap")
    root = FOLDER / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    documentdb.run_quietly(
        [debootstrap, "--variant=minbase", f"--include={_PACKAGES}", "trixie", root, documentdb.mirror()]
    )
    documentdb.lend_configuration(root)
    for name in _THIN:
        shutil.rmtree(root / name)
        (root / name).mkdir()
    unfinished = TARBALL.with_suffix(".new")
    subprocess.run(["tar", "--create", "--file", unfinished, "--directory", root, "."], check=True)
    unfinished.rename(TARBALL)
    shutil.rmtree(root)
