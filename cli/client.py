"""The HTTP client of every command that talks to a host: which host, who is signed in there, and problems in
one line. Used by cli.commands and cli.login.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import typer

from cli.credentials import Credentials, Kept
from cli.errors import CommandError, NotSignedInError, UnreachableError, WrongUseError
from shared.settings import Settings

_TIMEOUT = httpx.Timeout(10.0, read=60.0)  # seconds; a stream sends a heartbeat every 15
_AWAY = (502, 503, 504)
_NOBODY = httpx.Auth()


@contextlib.contextmanager
def signed_in(
    settings: Settings, *, url: str | None, email: str | None, password: str | None
) -> Iterator[httpx.Client]:
    """A client that sends an access token: that of `email`, else of RAG_TOKEN, else of `rag login`.

    Signs out again whom it has signed in itself, unless something fails. Errors inside, too, become
    `CommandError`; `NotSignedInError` at once where nobody is.
    """
    kept = credentials_of(settings)
    has_own = bool(email or settings.token)
    address = address_of(settings, url, last=None if has_own else kept.last_address())
    with opened(address) as client:
        if email:
            with _session_of(client, email, password) as token:
                client.auth = _Bearer(token)
                yield client
            return
        if settings.token:
            personal = settings.token.get_secret_value()
            client.auth = _Bearer(lambda: personal)
        elif kept.find(address) is None:
            raise NotSignedInError(
                f"nobody is signed in at {address}: run `rag login {address}`, sign in with --email, or set "
                "RAG_TOKEN to a personal access token"
            )
        else:
            client.auth = _Bearer(lambda: kept.fresh(address, lambda old: _renewed(client, old)).token)
        yield client


def token_at_hand(settings: Settings) -> tuple[str, str]:
    """Where the next command would go, and a token for it that nothing has to be asked or renewed for.

    Errors: `CommandError` where there is none.
    """
    if settings.token:
        return address_of(settings, None, last=None), settings.token.get_secret_value()
    kept = credentials_of(settings)
    address = address_of(settings, None, last=kept.last_address())
    session = kept.find(address)
    if session is None or not session.is_fresh:
        raise NotSignedInError(f"no session at {address} is at hand")
    return address, session.token


@contextlib.contextmanager
def opened(address: str) -> Iterator[httpx.Client]:
    """A client of the host that sends no token. Errors inside become `CommandError`."""
    with told_of(address), httpx.Client(base_url=address, timeout=_TIMEOUT) as client:
        yield client


@contextlib.contextmanager
def told_of(address: str) -> Iterator[None]:
    """Errors of HTTP become `CommandError`, which names the host."""
    try:
        yield
    except httpx.ConnectError as error:
        raise UnreachableError(f"no host answers at {address}; start one with `rag serve`") from error
    except httpx.TransportError as error:
        raise UnreachableError(f"{address}: {error or type(error).__name__}") from error
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
    message = f"{response.status_code}: {detail}"
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise NotSignedInError(message)
    raise UnreachableError(message) if response.status_code in _AWAY else CommandError(message)


def credentials_of(settings: Settings) -> Credentials:
    folder = Path(typer.get_app_dir("rag-functions"))
    return Credentials(settings.credentials or folder / "credentials.json")


def address_of(settings: Settings, url: str | None, *, last: str | None) -> str:
    """What was given, then RAG_URL, then the host signed in to last, then this machine's."""
    if url is None:
        url = last if last is not None and "url" not in settings.model_fields_set else settings.url
    if not url.startswith(("http://", "https://")):
        raise WrongUseError(f"{url} is no address of a host; it begins with https:// or http://")
    return url.rstrip("/").removesuffix("/chat")  # as it is copied from the page


def base_of(client: httpx.Client) -> str:
    """The address of its host, in front of a path."""
    return str(client.base_url).rstrip("/")


def sign_in(client: httpx.Client, email: str, password: str) -> Kept:
    """Errors: `CommandError`."""
    return _granted(client, email, {"grant_type": "password", "username": email, "password": password})


def sign_out(client: httpx.Client, session: Kept) -> None:
    """Errors: `CommandError`. A personal access token stays valid."""
    if session.refresh_token:
        check(client.post("/api/auth/revoke", data={"token": session.refresh_token}, auth=_NOBODY))


def asked_for(what: str) -> str:
    """A secret, from whoever sits at the terminal, else the first line of the standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


class _Bearer(httpx.Auth):
    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        yield request


@contextlib.contextmanager
def _session_of(client: httpx.Client, email: str, password: str | None) -> Iterator[Callable[[], str]]:
    """Of this command alone; what gives its token."""
    session = sign_in(client, email, asked_for("Password") if password is None else password)

    def token() -> str:
        nonlocal session
        if not session.is_fresh:
            session = _renewed(client, session)
        return session.token

    yield token
    sign_out(client, session)


def _renewed(client: httpx.Client, session: Kept) -> Kept:
    """Errors: `NotSignedInError` once the session has ended, `CommandError`."""
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token or ""}
    try:
        return _granted(client, session.email, form)
    except NotSignedInError as error:
        raise NotSignedInError(f"the session has ended: run `rag login {base_of(client)}`") from error


def _granted(client: httpx.Client, email: str, form: dict[str, str]) -> Kept:
    tokens = check(client.post("/api/auth/token", data=form, auth=_NOBODY)).json()
    return Kept(
        email=email,
        token=tokens["access_token"],
        ends_at=time.time() + tokens["expires_in"],
        refresh_token=tokens["refresh_token"],
    )
