"""Runs `az` and the other programs that a deployment is made with. Used by every module of infra/deploy.

Secrets reach a program through its environment: lists of arguments are shown by `ps` and told in errors.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATIENCE = 1800.0  # seconds; what takes longer says so
_TOLD = 25  # last lines of what a program that failed has said


class DeploymentError(Exception):
    """What failed, and what to do about it, for whoever deploys."""


class CommandError(DeploymentError):
    def __init__(self, command: tuple[str, ...], said: str) -> None:
        super().__init__(f"`{' '.join(command)}` failed:\n{said}")
        self.said = said


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ask(question: str) -> str:
    """The answer; none where nobody can be asked."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def is_installed(program: str) -> bool:
    return shutil.which(program) is not None


def run(
    *command: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    is_shown: bool = False,
    patience: float = _PATIENCE,
) -> str:
    """What it printed; with `is_shown` nothing, since whoever deploys has seen it.

    Errors: `CommandError` with the end of what it said, `DeploymentError` where it is not installed.
    """
    program = shutil.which(command[0])
    if program is None:
        raise DeploymentError(f"{command[0]} is not installed")
    try:
        done = subprocess.run(  # noqa: S603 a list of arguments, never a shell
            [program, *command[1:]],
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=None if is_shown else subprocess.PIPE,
            stderr=None if is_shown else subprocess.PIPE,
            text=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(command, f"no end after {patience:g} seconds") from error
    if done.returncode != 0:
        said = "\n".join([*(done.stdout or "").splitlines(), *(done.stderr or "").splitlines()][-_TOLD:])
        raise CommandError(command, said or f"exit code {done.returncode}")
    return done.stdout or ""


def az(*arguments: str, patience: float = _PATIENCE) -> Any:
    """What Azure answered, read as JSON; None where it answered nothing."""
    command = ("az", *arguments, "--output", "json")
    printed = run(*command, patience=patience)
    try:
        return json.loads(printed) if printed.strip() else None
    except json.JSONDecodeError as error:
        raise CommandError(command, f"this is no JSON: {printed[:300]}") from error
