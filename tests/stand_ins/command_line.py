"""The command line as somebody with a home folder of their own runs it. Used by the tests of it.

`Rag(tmp_path, address)("documents")` is what the command has said.
"""

import os
import subprocess
import sys
from pathlib import Path

EMAIL = "ada@example.com"
_ROOT = Path(__file__).resolve().parents[2]


class Rag:
    """The command, as somebody with a home of their own runs it."""

    def __init__(self, home: Path, address: str) -> None:
        self.home, self.address = home, address
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_ROOT),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "LANG": "C.UTF-8",
        }

    def __call__(self, *arguments: str, code: int = 0, given: str = "", **environment: str) -> str:
        """What it has said to its standard output; if it fails, to the standard error."""
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            input=given,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home,
            check=False,
        )
        assert ended.returncode == code, f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        assert "\x1b" not in ended.stdout + ended.stderr
        return ended.stdout if code == 0 else ended.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
        )

    @property
    def credentials(self) -> Path:
        return self.home / ".config" / "rag-functions" / "credentials.json"
