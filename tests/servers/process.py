"""Starting a server as a child that cannot outlive the test run. Used by the servers beside it."""

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PATIENCE = 60.0  # seconds until a server answers


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def temporary_folder(name: str) -> Path:
    """Removed when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"rag-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    answers: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start it and wait until it `answers`; it ends with this process, even one that is killed.

    Errors: `RuntimeError` with the end of its log if it does not come up.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*bound(), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
    atexit.register(stop, process)
    until = time.monotonic() + _PATIENCE
    while not answers():
        if process.poll() is not None or time.monotonic() > until:
            stop(process)
            raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)
    return process


def bound() -> list[str]:
    """What a command begins with to end with the thread that starts it, even when that is killed."""
    return [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
