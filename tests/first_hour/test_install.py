"""What newcomers meet before anything runs: each is one clear line of `make`, and a failure."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.install_reasons import explained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make"),
]

ROOT = Path(__file__).parents[2]
COPIED = ("Makefile", "function_app.py", "host.json", "requirements-local.txt", "requirements-install.txt")
PACKAGES = ("cli", "functions", "host", "shared")
PYTHONS = ("python3.13", "python3.12", "python3.11", "python3")
OF_PIP = ("PIP_", "HTTPS_", "PATH")
DEADLINE = 300.0  # seconds, on a machine that is busy with other tests
OFFLINE = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "1"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of what the installation needs, with an environment in which nothing is installed."""
    folder = tmp_path_factory.mktemp("first") / "mein Klon, ünpacked"
    folder.mkdir()
    for name in COPIED:
        shutil.copy(ROOT / name, folder)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = make(folder, ".venv/rag.stamp", PYTHON="", VENV=".venv")
    assert done.returncode == 0, done.stderr
    return folder


def make(folder: Path, target: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Of the settings, PATH, pip's and the proxy's go to the environment, others to make."""
    given = [f"{name}={value}" for name, value in settings.items() if not name.startswith(OF_PIP)]
    return subprocess.run(
        ["make", "-s", target, *given],
        cwd=folder,
        env=environment(settings),
        capture_output=True,
        check=False,
        text=True,
        timeout=DEADLINE,
    )


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "MAKE"))}
    pips = {name: value for name, value in settings.items() if name.startswith(OF_PIP)}
    return {**kept, **pips}


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line, beside what make itself says of the target."""
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def stubs(folder: Path, script: str) -> str:
    """A path on which every Python is this script."""
    folder.mkdir()
    for name in PYTHONS:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_an_old_python_is_named_and_nothing_is_left_behind(clone: Path, tmp_path: Path) -> None:
    path = stubs(tmp_path / "bin", '[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    said = complaint(make(clone, ".venv-old/rag.stamp", VENV=".venv-old", PATH=path))
    assert "needs Python 3.11 or newer, and this is Python 3.9.2" in said
    assert "PYTHON=/path/to/python3" in said
    assert not (clone / ".venv-old").exists()


def test_a_python_without_venv_names_the_package_to_install(clone: Path, tmp_path: Path) -> None:
    path = stubs(tmp_path / "bin", 'case "$1" in --version) echo Python 3.11.2;; -m) exit 1;; esac')
    said = complaint(make(clone, ".venv-bare/rag.stamp", VENV=".venv-bare", PATH=path))
    assert "cannot make virtual environments; on Debian: apt-get install python3-venv" in said


def test_a_folder_that_cannot_be_written_is_named(clone: Path) -> None:
    said = complaint(make(clone, "/proc/nowhere/rag.stamp", VENV="/proc/nowhere"))
    assert "cannot write to /proc/nowhere" in said


def test_without_a_network_it_names_the_settings_of_proxy_and_mirror(clone: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        said = complaint(make(clone, ".venv/local.stamp", VENV=".venv", **OFFLINE, PIP_INDEX_URL=index))
    assert "the package index does not answer" in said
    assert "HTTPS_PROXY=" in said
    assert "PIP_INDEX_URL=" in said
    assert not (clone / ".venv/local.stamp").exists()


def test_a_proxy_that_does_not_answer_is_told_from_a_network_that_does_not(clone: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        settings = {**OFFLINE, "PIP_INDEX_URL": "https://index.invalid/simple", "HTTPS_PROXY": proxy}
        said = complaint(make(clone, ".venv/local.stamp", VENV=".venv", **settings))
    assert "the proxy that HTTPS_PROXY names" in said


def test_a_machine_that_nothing_is_built_for_is_named(clone: Path, tmp_path: Path) -> None:
    nothing = {**OFFLINE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    said = complaint(make(clone, ".venv/local.stamp", VENV=".venv", **nothing))
    assert "there is no build of aiohappyeyeballs==" in said
    assert f"for Python {sys.version_info.major}.{sys.version_info.minor}" in said


def test_a_file_that_is_not_the_locked_one_is_not_installed(clone: Path, tmp_path: Path) -> None:
    version = next(
        line.partition("==")[2].split()[0]
        for line in (ROOT / "requirements-local.txt").read_text().splitlines()
        if line.startswith("aiohappyeyeballs==")
    )
    with zipfile.ZipFile(tmp_path / f"aiohappyeyeballs-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("aiohappyeyeballs.py", "")
    other = {**OFFLINE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    said = complaint(make(clone, ".venv/local.stamp", VENV=".venv", **other))
    assert "has another file than the one that was locked" in said


def on_a_disk_of_its_own(clone: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A shell script that may mount what nobody else sees."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mounts for whoever runs this")
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=clone,
        env=environment({}),
        capture_output=True,
        check=False,
        text=True,
        timeout=DEADLINE,
    )


def test_a_full_disk_is_told_before_anything_is_fetched(clone: Path) -> None:
    (clone / "disk").mkdir()
    script = "mount -t tmpfs -o size=80m tmpfs disk && exec make -s disk/venv/local.stamp VENV=disk/venv"
    done = on_a_disk_of_its_own(clone, script)
    assert "the disk is too full, some 1 GB are needed" in complaint(done)


def test_an_environment_that_is_not_ones_own_is_left_alone(clone: Path) -> None:
    script = "mount --bind .venv .venv && mount -o remount,bind,ro .venv && exec make -s .venv/local.stamp"
    said = complaint(on_a_disk_of_its_own(clone, script))
    assert ".venv is not yours to write; do it as the user who made it" in said


def test_without_make_the_same_is_said(clone: Path) -> None:
    """With the lines that README has for those who have no make."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        done = subprocess.run(
            [".venv/bin/python", "-m", "cli.install", "requirements-local.txt"],
            cwd=clone,
            env=environment({**OFFLINE, "PIP_INDEX_URL": index}),
            capture_output=True,
            check=False,
            text=True,
            timeout=DEADLINE,
        )
    assert "the package index does not answer" in complaint(done)


def test_an_interrupted_installation_says_so_and_is_not_taken_for_a_finished_one(clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # an index that takes calls and says nothing
        silent.settimeout(DEADLINE)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        running = subprocess.Popen(
            ["make", "-s", ".venv/local.stamp", "VENV=.venv"],
            cwd=clone,
            env=environment({**OFFLINE, "PIP_INDEX_URL": index}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        caller, _ = silent.accept()
        with caller:
            os.killpg(running.pid, signal.SIGINT)
            _, said = running.communicate(timeout=DEADLINE)
    assert running.returncode != 0
    assert "stopped; the same command goes on from here" in said
    assert "Traceback" not in said
    assert (clone / ".venv/installing").exists()
    assert not (clone / ".venv/local.stamp").exists()


def test_a_moved_clone_runs_from_where_it_is(clone: Path) -> None:
    """The last of this file: it takes the clone away."""
    packages = next((clone / ".venv").glob("lib/python*/site-packages"))
    (packages / "of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    moved = clone.rename(clone.with_name("moved"))
    done = subprocess.run(
        [moved / ".venv/bin/rag", "--help"],
        cwd="/",
        capture_output=True,
        check=False,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "too full",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'",
            "not yours",
        ),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …", "PIP_CERT="),
        ("ERROR: Failed building wheel for numkong", "no build of numkong"),
        ("ERROR: something new", ""),
    ],
)
def test_what_pip_complains_of_is_explained(said: str, meant: str) -> None:
    assert meant in explained(said)
    assert bool(explained(said)) == bool(meant)
