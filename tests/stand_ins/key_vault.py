"""A key vault on loopback, over TLS, for the real SDK: versions of secrets, challenges, paging, refusals.

In tests: `with KeyVault() as vault:`, then `vault.url`, `vault.contents` and `vault.fail(…)`. By hand:
`python -m tests.stand_ins.key_vault --port 8443 --secret name=value`; who talks to it must trust the
authority in `--tls-folder` (tests/stand_ins/tls.py), which it makes where none is given.
"""

import argparse
import json
import os
import re
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from azure.core.credentials import AccessToken

from shared.secret_stores.key_vault import KeyVaultSecrets
from tests.stand_ins import tls
from tests.stand_ins.vault_contents import Refused, VaultContents, check_name

API_VERSIONS = frozenset({"7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"})
_ROUTE = re.compile(r"/secrets/(?P<name>[^/]+)(/(?P<version>[^/]*))?/?")


@dataclass(kw_only=True)
class Failure:
    status: int
    reason: str | None = None  # the inner error's code
    retry_after: str | None = None
    methods: frozenset[str] = frozenset({"GET", "PUT", "PATCH", "DELETE"})
    times: float = float("inf")  # requests that fail before all is well again
    delay: float = 0.0  # seconds before the answer
    body: str | None = None  # instead of an error as the service writes them
    headers: Mapping[str, str] | None = None


class AnyToken:
    """A credential that has its token by itself."""

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken("a-token", int(time.time()) + 3600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class KeyVault:
    """Serves from its own threads. `requests` are `(method, path)` of those with a token so far."""

    def __init__(self, port: int = 0, *, tenant: str = "stand-in") -> None:
        self.tenant = tenant
        self.token: str | None = None  # None: any will do
        self.contents = VaultContents()
        self.requests: list[tuple[str, str]] = []
        self.failure: Failure | None = None
        self.lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), _Handler)
        # The handshake is the business of the connection's own thread.
        self._http.socket = tls.server_context().wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self._http.vault = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._http.server_address[1]}"

    @property
    def resource(self) -> str:
        """What tokens are for. The SDK demands that the vault is inside: 127.0.0.1 is inside 0.0.1."""
        return self.url.replace("127.", "", 1)

    def fail(self, status: int, reason: str | None = None, **more: Any) -> None:
        self.failure = Failure(status=status, reason=reason, **more)

    def heal(self) -> None:
        self.failure = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@asynccontextmanager
async def open_key_vault(folder: Path) -> AsyncIterator[KeyVaultSecrets]:
    """The folder's own vault; who opens it first serves it for all others."""
    note = folder / "key-vault"
    if note.exists():
        secrets = KeyVaultSecrets(url=note.read_text(), credential=AnyToken())
        try:
            yield secrets
        finally:
            await secrets.close()
        return
    with KeyVault() as vault:
        note.write_text(vault.url)
        async with open_key_vault(folder) as secrets:
            yield secrets


class _Http(ThreadingHTTPServer):
    vault: KeyVault
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave, or that trust another authority, are none of the tests' output."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._serve()

    do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        vault, address = self.server.vault, urlsplit(self.path)
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token or vault.token not in (None, token):
            self._challenge(vault)
            return
        with vault.lock:
            vault.requests.append((self.command, address.path))
            failure = self._next_failure(vault)
        if failure:
            self._fail(failure)
            return
        try:
            with vault.lock:
                answer = self._answer(vault, address.path, dict(parse_qsl(address.query)), body)
        except Refused as refused:
            self._error(refused.status, refused.code, refused.reason, {})
        else:
            self._send(200, json.dumps(answer), {})

    def _challenge(self, vault: KeyVault) -> None:
        login = f"https://login.example/{vault.tenant}"
        challenge = f'Bearer authorization="{login}", resource="{vault.resource}"'
        self._error(401, "Unauthorized", None, {"WWW-Authenticate": challenge})

    def _next_failure(self, vault: KeyVault) -> Failure | None:
        failure = vault.failure
        if failure is None or self.command not in failure.methods or failure.times <= 0:
            return None
        failure.times -= 1
        return failure

    def _fail(self, failure: Failure) -> None:
        time.sleep(failure.delay)
        headers = dict(failure.headers or {})
        if failure.retry_after is not None:
            headers["Retry-After"] = failure.retry_after
        if failure.body is not None:
            self._send(failure.status, failure.body, headers)
        else:
            self._error(failure.status, "ToldToFail", failure.reason, headers)

    def _answer(self, vault: KeyVault, path: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        if query.get("api-version") not in API_VERSIONS:
            raise Refused(400, "BadParameter")
        route = _ROUTE.fullmatch(path)
        if route is None:
            raise Refused(404, "NotFound")
        name, number, contents = route["name"], route["version"] or "", vault.contents
        check_name(name)
        address = f"{vault.url}/secrets/{name}"
        if self.command == "GET" and number == "versions":
            return contents.versions(name, address, query)
        if self.command == "GET":
            return contents.get(name, number, address)
        if self.command == "PATCH":
            return contents.update(name, number, address, json.loads(body))
        if number:
            raise Refused(405, "MethodNotAllowed")
        return (
            contents.delete(name, address)
            if self.command == "DELETE"
            else contents.set(name, address, json.loads(body))
        )

    def _error(self, status: int, code: str, reason: str | None, headers: Mapping[str, str]) -> None:
        error = {"code": code, "message": f"the stand-in says {code}"}
        inner = {"innererror": {"code": reason}} if reason else {}
        self._send(status, json.dumps({"error": {**error, **inner}}), headers)

    def _send(self, status: int, content: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--tenant", default="stand-in", help="the one that tokens are to come from")
    parser.add_argument("--tls-folder", default=os.environ.get("TEST_TLS_FOLDER"))
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    if options.tls_folder:
        os.environ["TEST_TLS_FOLDER"] = options.tls_folder
    with KeyVault(options.port, tenant=options.tenant) as vault:
        for name, _, value in (given.partition("=") for given in options.secret):
            vault.contents.add(name, value)
        print(f"AZURE_KEY_VAULT_URL={vault.url} SSL_CERT_FILE={tls.trusted() / 'ca.pem'}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
