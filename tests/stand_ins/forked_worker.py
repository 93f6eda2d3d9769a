"""Real `rag serve` processes that start in a moment: each is forked off a server that has imported it all.

A test that kills dozens of processes would otherwise mostly wait for imports. Used by the crash tests;
`python -m tests.stand_ins.forked_worker` is the server, which takes an order a line.
"""

import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, Self

from shared.compose import import_adapters
from shared.settings import read_settings

_ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = ("RAG_", "OPENAI_", "AZURE_", "Azure", "ENTRA_", "MONGODB_", "REDIS_")  # whoever runs the tests
_PR_SET_PDEATHSIG = 1
PATIENCE = 60.0  # seconds


class ForkedWorker:
    """`with ForkedWorker(arguments, environment, log=…) as worker:`; one process of it at a time."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], *, log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        self.log = log
        self._arguments = arguments
        self._environment = {**kept, "PYTHONPATH": str(_ROOT), **environment}
        self._pid: int | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=_ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,  # what has been told is never read ahead of being asked for
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._server.communicate()

    def begin(self, *, kill_at: str | None = None) -> None:
        """Start a process. It has begun once this returns, but answers nothing yet."""
        assert self._pid is None, "one at a time"
        added = {} if kill_at is None else {"RAG_TEST_KILL_AT": kill_at}
        order = {"arguments": self._arguments, "environment": added, "log": str(self.log)}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._pid = self._told()

    def has_ended(self) -> bool:
        return bool(self._readable(0))

    def kill(self) -> None:
        """Unless it has ended by itself."""
        assert self._pid is not None
        if not self.has_ended():
            os.kill(self._pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """Kill it if there is one."""
        if self._pid is not None:
            self.kill()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = self._told()
        self._pid = None
        return code

    def _told(self) -> int:
        assert self._server.stdout is not None
        line = self._server.stdout.readline() if self._readable(PATIENCE) else b""
        assert line, f"nothing happened within {PATIENCE:g} s:\n{self.log.read_text()[-3000:]}"
        return int(line)

    def _readable(self, timeout: float) -> list[Any]:
        return select.select([self._server.stdout], [], [], timeout)[0]


def _serve() -> None:
    _import_all()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _import_all() -> None:
    """But not the Function App itself, which begins to work when it is imported."""
    for name in ("cli.main", "cli.serve", "functions.api", "functions.ingest"):
        importlib.import_module(name)
    import_adapters(read_settings())


def _become(order: dict[str, Any]) -> NoReturn:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    output = os.open(order["log"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(file, number)
    os.environ.update(order["environment"])
    sys.argv = ["rag", "serve", *order["arguments"]]
    from cli.main import main

    try:
        main()
    finally:
        os._exit(0)


if __name__ == "__main__":
    _serve()
