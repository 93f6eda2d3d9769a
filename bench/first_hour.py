"""From a clone to an answer: `python -m bench.first_hour` times `make up` as a newcomer's machine runs it.

A fresh clone of what is committed, an environment of its own, empty caches of packages (`--warm`: yours).
Writes its section of bench/RESULTS.md. Downloaded is what the machine received meanwhile.
"""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.results import publish
from tests.planted import planted
from tests.real_host import free_port

_ROOT = Path(__file__).resolve().parents[1]
_QUESTION = "How many days of paid annual leave do full-time employees have?"
_ANSWER = "29 days"
_PATIENCE = 1800.0  # seconds for the whole of it
_LOOK_EVERY = 0.1  # seconds
# What `make up` says when a step is over.
_STEPS = {
    "Installing": "environment made",
    "fetching": "packages installed",
    "is ready": "weights prepared",
    "answers at": "page answers",
    "Sign in at": "all samples read",
}


class FirstHour:
    """One run; `reached` has the seconds from its begin, by step."""

    def __init__(self, clone: Path, environment: Mapping[str, str]) -> None:
        self.reached: dict[str, float] = {}
        self.said: list[str] = []
        port = free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60.0)
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            ["make", "up", f"PORT={port}"],
            cwd=clone,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            for words, step in _STEPS.items():
                if words in line:
                    self._note(step)

    def _note(self, step: str) -> None:
        self.reached.setdefault(step, time.monotonic() - self._began)

    def run(self) -> None:
        try:
            self._wait(lambda: "page answers" in self.reached)
            self._sign_in()
            self._wait(self._has_one)
            self._note("first sample read")
            self._wait(self._is_answered)
            self._note("question answered")
            self._wait(lambda: "all samples read" in self.reached)
        finally:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()

    def _wait(self, holds: Any) -> None:
        while not holds():
            if self._process.poll() is not None or time.monotonic() - self._began > _PATIENCE:
                sys.exit("make up did not come to answer:\n" + "".join(self.said[-20:]))
            time.sleep(_LOOK_EVERY)

    def _sign_in(self) -> None:
        email, password = "ada@example.com", planted("password of the first account")
        self.client.post("/api/auth/register", json={"email": email, "password": password}).raise_for_status()
        form = {"grant_type": "password", "username": email, "password": password}
        token = self.client.post("/api/auth/token", data=form).raise_for_status().json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def _has_one(self) -> bool:
        listed = self.client.get("/api/documents").raise_for_status().json()["documents"]
        return any(each["status"] == "indexed" for each in listed)

    def _is_answered(self) -> bool:
        answer = self.client.post("/api/query", json={"question": _QUESTION}).raise_for_status().json()
        return _ANSWER in answer["answer"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="first-hour-") as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(_ROOT), str(clone)], check=True)
        hidden = ("RAG_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "MAKE")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        if "--warm" not in sys.argv:
            environment |= {"PIP_CACHE_DIR": f"{folder}/pip", "UV_CACHE_DIR": f"{folder}/uv"}
        received = _received()
        first = FirstHour(clone, environment)
        first.run()
        received = _received() - received
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        installed = sum(path.lstat().st_size for path in (clone / ".venv").rglob("*") if path.is_file())
    rows = [f"| {step} | {seconds:.0f} |" for step, seconds in sorted(first.reached.items(), key=_by_time)]
    text = "\n".join(
        ["## The first hour: `bench.first_hour`", "", "| step | s after `make up` |", "|---|---|", *rows]
    )
    text += f"\n\nReceived {received / 1e6:.0f} MB, {installed / 1e6:.0f} MB installed, "
    text += (
        f"{used.ru_utime + used.ru_stime:.0f} s of processor time on {os.cpu_count()} cores under a load of "
    )
    text += f"{os.getloadavg()[2]:.1f}."
    print(text)
    publish("first_hour", text)


def _by_time(reached: tuple[str, float]) -> float:
    return reached[1]


def _received() -> int:
    """Bytes, by the machine, from anywhere but itself."""
    return sum(each.bytes_recv for name, each in psutil.net_io_counters(pernic=True).items() if name != "lo")


if __name__ == "__main__":
    main()
