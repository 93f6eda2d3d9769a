"""HTTP for smoke.py beside it, by the standard library: it runs where nothing is installed."""

import json as json_text
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from infra.deploy.commands import DeploymentError

_TIMEOUT = 120.0  # seconds, longer than any answer's deadline


class SmokeClient:
    def __init__(self, url: str) -> None:
        if not url.startswith(("https://", "http://")):
            raise DeploymentError(f"{url!r} is no address of a host")
        self._url = url.rstrip("/")
        self.token = ""

    def is_ok(self, path: str) -> bool:
        """False also while nobody answers."""
        try:
            return self.send("GET", path)[0] == 200
        except DeploymentError:
            return False

    def call(self, method: str, path: str, *, json: object = None, content: bytes = b"") -> dict[str, Any]:
        """What was answered, which must be a success. Errors: `DeploymentError`."""
        body = json_text.dumps(json).encode() if json is not None else content
        kind = "application/json" if json is not None else "application/octet-stream"
        answer: dict[str, Any] = json_text.loads(self.text(method, path, content=body, kind=kind))
        return answer

    def text(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> str:
        status, body = self.send(method, path, content=content, kind=kind, accept=accept)
        if not 200 <= status < 300:
            raise DeploymentError(f"{method} {path} answered {status}: {body[:300]!r}")
        return body

    def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        kind: str = "application/json",
        accept: str = "application/json",
        form: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        headers = {"Accept": accept, "User-Agent": "rag-functions smoke test"}
        if form is not None:
            content, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if content:
            headers["Content-Type"] = kind
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(f"{self._url}{path}", data=content or None, headers=headers, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  # nosec B310 http or https only
                return answer.status, answer.read().decode(errors="replace")
        except HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (URLError, OSError) as error:
            raise DeploymentError(f"{method} {path}: nobody answers at {self._url}: {error}") from error
