"""What is copied to where the product runs has no secret in it, and what may hold one is left behind.

`make security` compares the whole repository with what is known to be none.
"""

import fnmatch
import subprocess
from pathlib import Path

import pytest

from tests.planted import secrets_in

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("function_app.py", "functions", "shared", "host", "cli", "evals", "web", "samples", "infra")
HOLDERS = (".env", ".rag", "local.settings.json", ".cache")


def tracked(*places: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *places], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository, so nothing tells what is part of it")
def test_no_file_that_ships_has_a_secret() -> None:
    files = [path for path in tracked(*PLACES) if path.is_file()]
    assert len(files) > 100
    found = {
        str(path.relative_to(ROOT)): secrets
        for path in files
        if (secrets := secrets_in(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize("name", HOLDERS)
@pytest.mark.parametrize("file", [".gitignore", ".funcignore"])
def test_what_may_hold_a_secret_is_left_behind(file: str, name: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert any(fnmatch.fnmatch(name, line.strip("/")) for line in lines if line)
