"""Installs lists of requirements for `make`, and says in one line why it could not.

`python -m cli.install requirements-local.txt`, called by the Makefile alone. Nothing is there yet but
the standard library and pip. uv does it, in a quarter of pip's processor time; pip does it where uv cannot.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from cli.install_reasons import LEAST_FREE, explained

_INSTALLER = Path(__file__).resolve().parents[1] / "requirements-install.txt"
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
_INTERRUPTED = 130  # as shells say it: 128 + SIGINT
# Packages are whole once this file is gone: whoever is stopped leaves some that only look so.
_UNFINISHED = Path(sys.prefix, "installing")

# What pip's settings are called by uv, which does not read them.
_SETTINGS_OF_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main(lists: Sequence[str]) -> int:
    """The exit code."""
    try:
        said = _why_not() or _install(lists)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from here\n")
        return _INTERRUPTED
    if said:
        sys.stderr.write(f"cannot install: {explained(said) or _last_line(said)}\n")
    return 1 if said else 0


def _why_not() -> str:
    """What would come to be said after minutes."""
    if platform.system() == "Windows":
        return "it runs on Linux and macOS; on Windows, inside WSL 2 (wsl --install), with the same commands"
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        return "Permission denied"
    free = shutil.disk_usage(sys.prefix).free // 1_000_000
    return "" if free >= LEAST_FREE else "No space left on device"


def _install(lists: Sequence[str]) -> str:
    """What the installer said if it failed."""
    is_again = _UNFINISHED.exists()
    _UNFINISHED.touch()
    wanted = ["--require-hashes", *(part for each in lists for part in ("-r", each))]
    said = _failure([*_PIP, "install", "--require-hashes", "-r", str(_INSTALLER)])
    if said or _failure([*_told_to_uv(), *_uv(is_again, wanted)]):
        anew = ["--ignore-installed"] if is_again else []
        said = _failure([*_PIP, "install", *anew, *wanted])
    if not said:
        _UNFINISHED.unlink()
    return said


def _uv(is_again: bool, wanted: list[str]) -> list[str]:
    program = str(Path(sysconfig.get_path("scripts"), "uv"))
    anew = ["--reinstall"] if is_again else []
    how = ["--quiet", "--compile-bytecode", "--python", sys.executable]
    return [program, "pip", "install", *how, *anew, *wanted]


def _told_to_uv() -> list[str]:
    """`env` with the index that pip is told to use."""
    told = subprocess.run([*_PIP, "config", "list"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    # Pip prefers whichever index has the better version; the hashes say which files are right.
    found = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for line in sorted(
        told.splitlines(), key=lambda each: each.startswith(":env:")
    ):  # which has the last word
        name, _, value = line.partition("=")
        if setting := _SETTINGS_OF_UV.get(name.rpartition(".")[2]):
            words = "".join(shlex.split(value)).split()
            found[setting] = ("," if setting == "UV_FIND_LINKS" else " ").join(words)
    return ["env", *(f"{name}={value}" for name, value in found.items())]


def _failure(command: list[str]) -> str:
    """All that a command said, if it failed; else nothing."""
    try:
        done = subprocess.run(  # noqa: S603 - the command is made of constants and the Makefile's words
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return (done.stdout.strip() or f"exit code {done.returncode}") if done.returncode else ""


def _last_line(said: str) -> str:
    return said.splitlines()[-1].removeprefix("ERROR: ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
