"""A tenant of Entra ID on loopback: key set, tokens, and the identity of a Function App.

In tests: `with EntraServer() as entra:`, then `entra.token(...)`, `entra.rotate()`, `entra.is_down = True`.
By hand, or as a process of its own: `python -m tests.stand_ins.entra_server --port 8443`.

Entra's part speaks TLS, as its SDK insists; the identity endpoint is plain HTTP on another port, as App
Service has it. Unsure: the status of the identity endpoint for a wrong header (401 here).
"""

import argparse
import json
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.planted import planted
from tests.stand_ins.entra_sign_in import PAGE_ID, SignIns, path_of
from tests.stand_ins.entra_tenant import AUDIENCE, CLIENT_ID, LIFE, TENANT, Tenant
from tests.stand_ins.tls import server_context, trusted

CLIENT_SECRET = planted("client").replace(" ", "-")
_NO_TENANT = "Tenant was not found. Check that the tenant id is right."
_NO_CLIENT = "Application with this identifier was not found in the directory."
_NO_SECRET = "Invalid client secret provided."


class EntraServer(Tenant):
    """`requests` counts them by kind."""

    def __init__(self, port: int = 0) -> None:
        self.is_down = False  # answers 503 to everything
        self.delay = 0.0  # seconds before each answer
        self.drip = 0.0  # seconds before each byte of it
        self.body: bytes | None = None  # instead of the key set
        self.requests: Counter[str] = Counter()
        self.identity_header = secrets.token_hex(16)
        self._listeners = [_Listener(self, port, with_tls=True), _Listener(self, 0, with_tls=False)]
        super().__init__(f"https://127.0.0.1:{self._listeners[0].server_port}")
        self.sign_ins = SignIns(tenant=self)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to trust the server, to take its tokens and to have an identity."""
        return {
            "ENTRA_AUTHORITY": self.authority,
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_AUDIENCE": AUDIENCE,
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._listeners[1].server_port}/msi/token",
            "IDENTITY_HEADER": self.identity_header,
            "SSL_CERT_FILE": str(trusted() / "ca.pem"),
        }

    def __enter__(self) -> Self:
        for each in self._listeners:
            each.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._listeners:
            each.shutdown()
            each.server_close()
            each.thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: EntraServer, port: int, *, with_tls: bool) -> None:
        super().__init__(("127.0.0.1", port), _EntraHandler if with_tls else _IdentityHandler)
        self.owner = owner
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        if with_tls:
            # The handshake belongs to the connection's thread: a slow client must not stop the others.
            self.socket = server_context().wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # no more than a client that left
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"

    def answer(
        self, kind: str, content: Callable[[], tuple[int, Any]], headers: Mapping[str, str] | None = None
    ) -> None:
        owner = self.server.owner
        owner.requests[kind] += 1
        time.sleep(owner.delay)
        status, body = (503, {"error": "temporarily_unavailable"}) if owner.is_down else content()
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        told = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(raw))}
        for name, value in (told | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        for piece in (raw[n : n + 1] for n in range(len(raw))) if owner.drip else (raw,):
            time.sleep(owner.drip)
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""


class _EntraHandler(_Handler):
    def do_GET(self) -> None:
        if self.path == f"/{TENANT}/discovery/v2.0/keys":
            owner = self.server.owner
            self.answer("keys", lambda: (200, owner.body or {"keys": owner.published}))
        elif self.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            self.answer("configuration", lambda: (200, _configuration(self.server.owner.authority)))
        elif self.path.startswith(path_of("authorize?")):
            sign_ins, query = self.server.owner.sign_ins, urlsplit(self.path).query
            html = {"Content-Type": "text/html; charset=utf-8"}
            self.answer("authorize", lambda: (200, sign_ins.page(query)), html)
        elif self.path.startswith(path_of("logout?")):
            way_back = self.server.owner.sign_ins.way_back(urlsplit(self.path).query)
            self.answer("logout", lambda: (302, b""), {"Location": way_back})
        else:
            self.answer("unknown", lambda: (404, {"error": "no such route"}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/stand-in/token":  # ours: a user's token for a test in another process
            self.answer("user", lambda: (200, {"access_token": self.server.owner.token(**json.loads(body))}))
        elif self.path.endswith("/oauth2/v2.0/token"):
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer("token", lambda: self._grant(self.path.split("/")[1], form), self._cors())
        else:
            self.answer("unknown", lambda: (404, {"error": "no such route"}))

    def _cors(self) -> dict[str, str]:
        """As of the token route: for the origins of a single-page application's addresses."""
        origin = self.headers.get("Origin", "")
        known = origin in self.server.owner.sign_ins.origins
        return {"Access-Control-Allow-Origin": origin} if known else {}

    def _grant(self, tenant: str, form: dict[str, str]) -> tuple[int, Any]:
        if tenant == TENANT and form.get("client_id") == PAGE_ID:
            return self.server.owner.sign_ins.grant(form, self.headers.get("Origin"))
        scope = form.get("scope", "")
        if tenant != TENANT:
            return _refusal(400, "invalid_request", 90002, _NO_TENANT)
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", 70003, "This grant type is not supported.")
        if form.get("client_id") != CLIENT_ID:
            return _refusal(400, "unauthorized_client", 700016, _NO_CLIENT)
        if form.get("client_secret") != CLIENT_SECRET:
            return _refusal(401, "invalid_client", 7000215, _NO_SECRET)
        if not scope.endswith("/.default"):
            return _refusal(400, "invalid_scope", 1002012, "The scope must end in /.default.")
        token = self.server.owner.app_token(scope.removesuffix("/.default"))
        return 200, {
            "token_type": "Bearer",
            "expires_in": LIFE,
            "ext_expires_in": LIFE,
            "access_token": token,
        }


class _IdentityHandler(_Handler):
    def do_GET(self) -> None:
        self.answer("identity", self._token)

    def _token(self) -> tuple[int, Any]:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if self.headers.get("X-IDENTITY-HEADER") != self.server.owner.identity_header:
            return 401, {"statusCode": 401, "message": "the header X-IDENTITY-HEADER is wrong"}
        if (
            address.path != "/msi/token"
            or asked.get("api-version") != "2019-08-01"
            or "resource" not in asked
        ):
            return 400, {"statusCode": 400, "message": "ask for api-version=2019-08-01 and a resource"}
        return 200, {
            "access_token": self.server.owner.app_token(asked["resource"]),
            "client_id": CLIENT_ID,
            "expires_on": str(int(time.time()) + LIFE),
            "resource": asked["resource"],
            "token_type": "Bearer",
        }


def _configuration(authority: str) -> dict[str, Any]:
    return {
        "issuer": f"{authority}/{TENANT}/v2.0",
        "jwks_uri": f"{authority}/{TENANT}/discovery/v2.0/keys",
        "token_endpoint": f"{authority}/{TENANT}/oauth2/v2.0/token",
        "authorization_endpoint": f"{authority}/{TENANT}/oauth2/v2.0/authorize",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _refusal(status: int, error: str, code: int, text: str) -> tuple[int, Any]:
    return status, {"error": error, "error_description": f"AADSTS{code}: {text}", "error_codes": [code]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8443)
    with EntraServer(parser.parse_args().port) as server:
        for name, value in server.environment.items():
            print(f"{name}={value}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
