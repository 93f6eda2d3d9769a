"""The smoke test: what a person would try after a release, over HTTP, against any host of the product.

`python -m infra.deploy.smoke --url https://…` signs in, uploads a document, asks for what only it says, wants
the answer cited and streamed, and deletes it again. infra/deploy/__main__.py runs it after each release, the
workflow `image` with a container. Who it is comes from the environment: SMOKE_TOKEN, a personal access token
with the scopes query and ingest; or SMOKE_EMAIL and SMOKE_PASSWORD of an account, made where it is missing.
"""

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from infra.deploy.commands import DeploymentError, say
from infra.deploy.smoke_client import SmokeClient

_Result = TypeVar("_Result")
_EVERY = 2.0  # seconds between looks at what is waited for


@dataclass(frozen=True, kw_only=True)
class Account:
    token: str = ""
    email: str = ""
    password: str = ""


def read_account() -> Account:
    """Errors: `DeploymentError` where nobody is named: a smoke test that asks nothing proves nothing."""
    named = os.environ.get
    account = Account(
        token=named("SMOKE_TOKEN", ""), email=named("SMOKE_EMAIL", ""), password=named("SMOKE_PASSWORD", "")
    )
    if not account.token and not (account.email and account.password):
        raise DeploymentError(
            "who is to try the release? Set SMOKE_TOKEN, or SMOKE_EMAIL and SMOKE_PASSWORD. Where there is "
            "no account yet, these make the first one, which administers: take your own address"
        )
    return account


def smoke_test(url: str, account: Account, *, patience: float = 600.0) -> None:
    """Errors: `DeploymentError` with the step that failed and what was answered."""
    client = SmokeClient(url)
    fact = _Fact()
    _wait("live", lambda: client.is_ok("/api/health/live"), patience)
    _wait("ready", lambda: client.is_ok("/api/health/ready"), patience)
    _step("signed in", lambda: _sign_in(client, account))
    document = _step("uploaded", lambda: _upload(client, fact))
    try:
        _wait("indexed", lambda: _is_indexed(client, document), patience)
        _step("answered with a citation", lambda: _ask(client, fact, document))
        _step("streamed to the end", lambda: _stream(client, fact, document))
    finally:
        _step("deleted", lambda: _delete(client, document))


class _Fact:
    """What no other document says and no language model can know."""

    def __init__(self) -> None:
        self.name = f"Quillon-{secrets.token_hex(4)}"
        self.days = 100 + secrets.randbelow(900)

    @property
    def document(self) -> str:
        return f"# The pump {self.name}\n\nThe pump {self.name} is serviced every {self.days} days.\n"

    def question(self, document: str) -> dict[str, Any]:
        return {"question": f"How often is the pump {self.name} serviced?", "document_ids": [document]}


def _sign_in(client: SmokeClient, account: Account) -> None:
    if account.token:
        client.token = account.token
        client.call("GET", "/api/auth/me")
        return
    form = {"grant_type": "password", "username": account.email, "password": account.password}
    status, body = client.send("POST", "/api/auth/token", form=form)
    if status == 401:
        client.call("POST", "/api/auth/register", json={"email": account.email, "password": account.password})
        status, body = client.send("POST", "/api/auth/token", form=form)
    if status != 200:
        raise DeploymentError(f"POST /api/auth/token answered {status}: {body[:300]!r}")
    client.token = json.loads(body)["access_token"]


def _upload(client: SmokeClient, fact: _Fact) -> str:
    path = f"/api/documents/{quote(f'smoke-test/{fact.name}.md')}"
    document: str = client.call("PUT", path, content=fact.document.encode())["id"]
    return document


def _is_indexed(client: SmokeClient, document: str) -> bool:
    found = client.call("GET", f"/api/documents/{document}")
    if found["status"] == "failed":
        raise DeploymentError(f"the document was not read: {found['reason']}")
    return bool(found["status"] == "indexed")


def _ask(client: SmokeClient, fact: _Fact, document: str) -> None:
    answer = client.call("POST", "/api/query", json=fact.question(document))
    cited = {citation["document_id"] for citation in answer["citations"]}
    if str(fact.days) not in answer["answer"] or cited != {document}:
        raise DeploymentError(
            f"the answer is not what the document says, or does not cite it: {answer['answer'][:300]!r}"
        )
    if answer.get("degraded"):
        say(f"  degraded: {answer['degraded']}: {answer.get('degraded_reason')}")


def _stream(client: SmokeClient, fact: _Fact, document: str) -> None:
    question = json.dumps(fact.question(document)).encode()
    text = client.text("POST", "/api/query", content=question, accept="text/event-stream")
    if "event: done" not in text or "event: error" in text:
        raise DeploymentError(f"the stream did not come to its end: {text[-300:]!r}")


def _delete(client: SmokeClient, document: str) -> None:
    client.text("DELETE", f"/api/documents/{document}")
    status, _ = client.send("GET", f"/api/documents/{document}")
    if status != 404:
        raise DeploymentError(f"the document is still there after its deletion: {status}")


def _step(name: str, step: Callable[[], _Result]) -> _Result:
    began = time.monotonic()
    try:
        result = step()
    except DeploymentError as error:
        raise DeploymentError(f"smoke test, {name}: {error}") from error
    say(f"  {name} ({time.monotonic() - began:.1f} s)")
    return result


def _wait(name: str, holds: Callable[[], bool], patience: float) -> None:
    def wait() -> None:
        until = time.monotonic() + patience
        while not holds():
            if time.monotonic() > until:
                raise DeploymentError(f"not within {patience:g} seconds")
            time.sleep(min(_EVERY, patience / 10))

    _step(name, wait)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy.smoke", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument(
        "--patience", type=float, default=600.0, help="seconds for each thing that is waited for"
    )
    given = parser.parse_args(arguments)
    try:
        smoke_test(given.url, read_account(), patience=given.patience)
    except DeploymentError as error:
        say(f"FAILED: {error}")
        return 1
    say("The smoke test passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
