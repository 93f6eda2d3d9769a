"""No secret comes out: not in answers, metrics, the log or the files of a host, nor where nothing answers."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.planted import planted, secrets_in
from tests.real_host import RealHost

PASSWORD = planted("password")
EMAIL = "ada@example.com"
_KEY = base64.b64encode(planted("storage key").encode()).decode()
UNREACHABLE = {
    "RAG_PROFILE": "azure",
    "RAG_SECRET_STORE": "local",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1",
    "AZURE_OPENAI_API_KEY": planted("chat"),
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat",
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embedding",
    "AZURE_SEARCH_ENDPOINT": "http://127.0.0.1:1",
    "AZURE_SEARCH_API_KEY": planted("search"),
    "MONGODB_URI": f"mongodb://ada:{planted('mongo').replace(' ', '-')}@127.0.0.1:1/"
    "?serverSelectionTimeoutMS=500",
    "REDIS_URL": f"redis://:{planted('redis').replace(' ', '-')}@127.0.0.1:1/0",
    "AzureWebJobsStorage": "DefaultEndpointsProtocol=http;AccountName=ada;"
    f"AccountKey={_KEY};BlobEndpoint=http://127.0.0.1:1/ada;QueueEndpoint=http://127.0.0.1:1/ada",
}
MALFORMED = {
    "MONGODB_URI": f"mango://ada:{planted('mongo')}@[::1",
    "REDIS_URL": f"rediz://:{planted('redis')}@nowhere:{planted('port')}",
    "AzureWebJobsStorage": f"AccountKey={planted('storage')};%%",
    "AZURE_OPENAI_API_KEY": planted("chat") + "\r\nx: y",
    "AZURE_SEARCH_API_KEY": planted("search") + "\u00e9",
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    with RealHost(tmp_path_factory.mktemp("host") / "data", models=weights) as host:
        yield host


@pytest.fixture(scope="module")
def tokens(host: RealHost) -> dict[str, str]:
    """What sign-in hands out, by its name."""
    account = {"email": EMAIL, "password": PASSWORD}
    host.client.post("/api/auth/register", json=account).raise_for_status()
    form = {"grant_type": "password", "username": EMAIL, "password": PASSWORD}
    found = host.client.post("/api/auth/token", data=form).raise_for_status().json()
    bearer = {"Authorization": f"Bearer {found['access_token']}"}
    wanted = {"name": "nightly", "scopes": ["query"], "expires_in_days": 1}
    machine = host.client.post("/api/auth/tokens", json=wanted, headers=bearer).raise_for_status().json()
    return {
        "access": found["access_token"],
        "refresh": found["refresh_token"],
        "personal": next(value for value in machine.values() if str(value).startswith("rag_")),
    }


def misplaced(secret: str, http: httpx.Client) -> Iterator[httpx.Response]:
    """Answers to requests that have it where it does not belong, or is not taken."""
    account: dict[str, Any] = {"email": EMAIL, "password": secret}
    yield http.post("/api/auth/register", json=account)
    yield http.post("/api/auth/register", json={"email": secret, "password": [secret]})
    yield http.post("/api/auth/register", json=account | {"password": secret * 100, "more": secret})
    yield http.post("/api/auth/register", content=f'{{"email": "{secret}')
    yield http.post("/api/auth/token", json=account)
    for field in ("username", "password", "refresh_token", "grant_type"):
        form = {"grant_type": "refresh_token" if field == "refresh_token" else "password"}
        form |= {"username": "eve@example.com", "password": "x"}
        yield http.post("/api/auth/token", data=form | {field: secret + "x"})
    yield http.post("/api/auth/revoke", data={"token": secret + "x"})
    for scheme in ("Bearer", "Basic", "Token"):
        yield http.get("/api/auth/me", headers={"Authorization": f"{scheme} {secret}x"})
    yield http.get("/api/documents", params={"access_token": secret, "after": secret, "tag": secret})
    yield http.get(f"/api/documents/{secret}")
    yield http.delete(f"/api/auth/tokens/{secret}")
    yield http.get(f"/{secret}", headers={"Cookie": secret})


@pytest.mark.parametrize("kind", ["password", "access", "refresh", "personal"])
def test_a_secret_in_a_wrong_place_is_repeated_nowhere(
    host: RealHost, tokens: dict[str, str], kind: str
) -> None:
    secret = tokens.get(kind, PASSWORD)
    for http in (host.client, signed_in(host, tokens)):
        for answer in misplaced(secret, http):
            told = f"{answer.headers}\n{answer.text}"
            assert secret not in told, answer.request.url.path
            assert secrets_in(told) == [], answer.request.url.path
    host.client.get("/api/health/live")  # what was asked before it has been logged
    assert secret not in host.text()
    assert secrets_in(host.text()) == []


def test_metrics_and_the_description_of_the_api_tell_none(host: RealHost, tokens: dict[str, str]) -> None:
    for path in ("/api/metrics", "/api/openapi.json", "/api/health/ready", "/.well-known/jwks.json", "/chat"):
        answer = signed_in(host, tokens).get(path)
        assert answer.status_code == 200
        assert secrets_in(answer.text) == [], path


def test_what_lets_somebody_in_is_stored_nowhere_as_it_is(host: RealHost, tokens: dict[str, str]) -> None:
    files = [path for path in host.data.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        content = path.read_bytes()
        for secret in (PASSWORD, *tokens.values()):
            assert secret.encode() not in content, path


def test_the_signing_keys_can_be_read_by_their_owner_only(host: RealHost, tokens: dict[str, str]) -> None:
    keys = [path for path in (host.data / "secrets").rglob("*") if path.is_file()]
    assert keys
    assert {path.stat().st_mode & 0o077 for path in keys} == {0}


def signed_in(host: RealHost, tokens: dict[str, str]) -> httpx.Client:
    host.client.headers["Authorization"] = f"Bearer {tokens['access']}"
    return host.client


@pytest.mark.parametrize("changes", [{}, MALFORMED], ids=["unreachable", "malformed"])
@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_what_cannot_be_reached_is_named_without_its_credentials(
    command: str, changes: dict[str, str], tmp_path: Path
) -> None:
    arguments = ["--port", "0"] if command == "serve" else []
    own = {"PATH": os.environ["PATH"], "RAG_DATA": str(tmp_path / "data")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli.main", command, *arguments],
        env=own | {"PYTHONPATH": str(Path(__file__).parents[2])} | UNREACHABLE | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=50 if command == "serve" else 110)
    except subprocess.TimeoutExpired:
        process.terminate()  # a host goes on trying
        said, _ = process.communicate(timeout=30)
    assert any(setting in said for setting in MALFORMED)
    assert secrets_in(said) == []
