"""The HTTP client of `rag ask` and `rag documents`: signing in, and problems in one line."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import typer

from cli.errors import CommandError
from shared.settings import Settings

_TIMEOUT = httpx.Timeout(10.0, read=60.0)  # seconds; a stream sends a heartbeat every 15


@contextlib.contextmanager
def signed_in(
    settings: Settings, *, url: str | None, email: str | None, password: str | None
) -> Iterator[httpx.Client]:
    """A client that sends an access token. Signs out again whom it has signed in, unless something fails.
    Errors inside, too, become `CommandError`."""
    address = (url or settings.url).rstrip("/")
    try:
        with httpx.Client(base_url=address, timeout=_TIMEOUT) as client:
            if settings.token and not email:
                _send_with_all(client, settings.token.get_secret_value())
                yield client
            else:
                tokens = _sign_in(client, email, password)
                _send_with_all(client, tokens["access_token"])
                yield client
                client.post("/api/auth/revoke", data={"token": tokens["refresh_token"]})
    except httpx.ConnectError as error:
        raise CommandError(f"no host answers at {address}; start one with `rag serve`") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"{address}: {error}") from error


def check(response: httpx.Response) -> httpx.Response:
    """The response, if it is a success. Errors: `CommandError` with the problem's detail."""
    if response.is_success:
        return response
    response.read()
    try:
        problem: dict[str, Any] = response.json()
        detail = str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        detail = response.reason_phrase
    raise CommandError(f"{response.status_code}: {detail}")


def _send_with_all(client: httpx.Client, token: str) -> None:
    client.headers["Authorization"] = f"Bearer {token}"


def _sign_in(client: httpx.Client, email: str | None, password: str | None) -> dict[str, str]:
    if email is None:
        raise CommandError("sign in with --email, or set RAG_TOKEN to a personal access token")
    secret = password if password is not None else typer.prompt("Password", hide_input=True, err=True)
    form = {"grant_type": "password", "username": email, "password": secret}
    tokens: dict[str, str] = check(client.post("/api/auth/token", data=form)).json()
    return tokens
