"""A real `rag serve` process on a data folder of its own, for tests that need the product as it runs.

`with RealHost(tmp_path / "data", models=weights) as host:` and then `host.sign_in()`, `host.put(…)`.
Used by tests/faults, tests/browser and bench.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from tests.planted import planted, secrets_in
from tests.servers.process import bound

_ROOT = Path(__file__).resolve().parents[1]
PASSWORD = planted("password of a host's user")
_SETTINGS = ("RAG_", "OPENAI_", "AZURE_", "Azure", "ENTRA_", "MONGODB_", "REDIS_")  # whoever runs the tests
_PATIENCE = 60.0  # seconds for anything that is waited for


class RealHost:
    """`environment` adds to a clean one; `code` is put in front of the project on the module path."""

    def __init__(
        self,
        data: Path,
        *,
        models: Path,
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        code: Path | None = None,
    ) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.with_name(f"{data.name}.log")
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", timeout=_PATIENCE, trust_env=False
        )
        self.started_in = 0.0  # seconds to the first healthy answer
        self._command = [sys.executable, "-P", "-m", "cli.main", "serve", "--port", str(self.port)]
        self._command += ["--data", str(data), *arguments]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        path = os.pathsep.join(str(folder) for folder in (code, _ROOT) if folder)
        # Weights lie in a folder of the model's name.
        own = {"PYTHONPATH": path, "RAG_MODELS": str(models.parent)}
        own |= {"RAG_REQUESTS_PER_MINUTE": "0", "RAG_REQUESTS_PER_MINUTE_ADDRESS": "0"}
        own |= {"RAG_REGISTRATIONS_PER_HOUR": "0", "RAG_FAILED_SIGN_INS": "0"}
        own |= {"PYTHONFAULTHANDLER": "1"}  # a crash in native code tells where
        if "RAG_PROFILE" not in (environment or {}):
            own["RAG_EMBEDDER"] = models.name
        self._environment = kept | own | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._is_meant_to_end = False

    # -- the process ---------------------------------------------------------------------------

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    def launch(self) -> None:
        """Start it and wait for nothing."""
        self._is_meant_to_end = False
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*bound(), *self._command],
                cwd=_ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        began = time.monotonic()
        self.launch()
        self.wait_until(lambda: self._answers("/api/health/live"))
        self.started_in = time.monotonic() - began
        self.wait_until(lambda: self._answers("/api/health/ready"))
        return self

    def kill(self) -> None:
        """As a power cut would, as far as a process can tell."""
        self._is_meant_to_end = True
        self.process.kill()
        self.process.wait(_PATIENCE)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._is_meant_to_end = True
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        self._is_meant_to_end = True
        return self.process.wait(_PATIENCE)

    def text(self) -> str:
        """What it has said so far, over all its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self._process is None:
            return
        if (code := self._process.poll()) is None:
            self.kill()
        else:
            assert self._is_meant_to_end, f"the host ended by itself with {code}:\n{self._events()}"
        assert secrets_in(self.text()) == [], f"the host has said a secret: {self.log}"

    # -- the API -------------------------------------------------------------------------------

    def sign_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> None:
        """Register, where that is still to do, and send the token from here on. The first administers."""
        credentials = {"email": email, "password": password}
        self.client.post("/api/auth/register", json=credentials)
        form = {"grant_type": "password", "username": email, "password": password}
        token = self.client.post("/api/auth/token", data=form).raise_for_status().json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def put(self, path: str, content: bytes | str) -> str:
        """Upload; the document's id."""
        response = self.client.put(f"/api/documents/{quote(path)}", content=content)
        return str(response.raise_for_status().json()["id"])

    def drop(self, path: str, content: bytes | str) -> Path:
        """Put a file straight into the container's folder."""
        file = self.data / "uploads" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def document(self, name: str) -> dict[str, Any] | None:
        """By its name, as the list shows it."""
        listed = self.client.get("/api/documents", params={"prefix": name}).raise_for_status().json()
        return next((each for each in listed["documents"] if each["name"] == name), None)

    def status(self, name: str) -> str | None:
        document = self.document(name)
        return None if document is None else str(document["status"])

    def wait_for_status(self, name: str, *statuses: str) -> dict[str, Any]:
        """The document, once it has one of the statuses."""
        seen: list[dict[str, Any]] = []

        def has_it() -> bool:
            document = self.document(name)
            if document is not None and document["status"] in statuses:
                seen.append(document)
            return bool(seen)

        self.wait_until(has_it, every=0.02)
        return seen[-1]

    def search(self, question: str, *, top_k: int = 20) -> list[dict[str, Any]]:
        answer = self.client.post("/api/search", json={"question": question, "top_k": top_k})
        passages: list[dict[str, Any]] = answer.raise_for_status().json()["passages"]
        return passages

    def wait_until(self, holds: Callable[[], bool], *, every: float = 0.05) -> None:
        """Fails with the host's own words when it does not come to hold, or the host ends before."""
        until = time.monotonic() + _PATIENCE
        while not holds():
            assert self.process.poll() is None, f"the host ended:\n{self._events()}"
            assert time.monotonic() < until, f"waited {_PATIENCE:g} s in vain:\n{self._events()}"
            time.sleep(every)

    def _events(self) -> str:
        """The end of what it said, without a line for every request of a test that waits."""
        lines = [line for line in self.text().splitlines() if '"event": "request"' not in line]
        return "\n".join(lines[-60:])

    def _answers(self, path: str) -> bool:
        try:
            return self.client.get(path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
