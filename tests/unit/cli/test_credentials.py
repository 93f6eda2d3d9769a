"""The file of `rag login`: who may read it, and who may renew what is in it."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cli.credentials import Credentials, Kept
from cli.errors import CommandError, NotSignedInError

HERE, THERE = "http://127.0.0.1:7071", "https://rag.example.com"


def session(token: str, *, lasts: float = 900.0) -> Kept:
    return Kept(email="ada@example.org", token=token, ends_at=time.time() + lasts, refresh_token=f"{token} r")


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "people" / "credentials.json")


def never(_: Kept) -> Kept:
    raise AssertionError("it was fresh")


def test_a_session_is_kept_for_each_host_in_a_file_of_its_owner_alone(credentials: Credentials) -> None:
    credentials.keep(HERE, session("a"))
    credentials.keep(THERE, session("b"))
    assert credentials.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in credentials.path.parent.iterdir()] == ["credentials.json"]
    assert (credentials.fresh(HERE, never).token, credentials.fresh(THERE, never).token) == ("a", "b")
    assert credentials.last_address() == THERE


def test_what_is_forgotten_is_gone_and_no_other(credentials: Credentials) -> None:
    credentials.keep(HERE, session("a"))
    credentials.keep(THERE, session("b"))
    credentials.forget(THERE)
    assert (credentials.find(THERE), credentials.last_address()) == (None, None)
    assert credentials.addresses() == [HERE]
    with pytest.raises(NotSignedInError, match=f"run `rag login {THERE}`"):
        credentials.fresh(THERE, never)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_the_way_out(credentials: Credentials, mode: int) -> None:
    credentials.keep(HERE, session("a"))
    credentials.path.chmod(mode)
    with pytest.raises(CommandError, match=f"others may read it; chmod 600 {credentials.path}"):
        credentials.find(HERE)


@pytest.mark.parametrize("content", ["", "[]", '{"hosts": {"x": {}}}', '{"hosts": 1, "last": null}'])
def test_a_file_of_something_else_is_refused(credentials: Credentials, content: str) -> None:
    credentials.keep(HERE, session("a"))
    credentials.path.write_text(content)
    with pytest.raises(CommandError, match="holds no sessions; remove it and sign in again"):
        credentials.find(HERE)


def test_of_two_commands_at_once_one_renews_and_both_have_what_it_got(credentials: Credentials) -> None:
    credentials.keep(HERE, session("old", lasts=1))
    renewed: list[str | None] = []
    is_renewing = threading.Event()
    tokens: list[str] = []

    def renew(old: Kept) -> Kept:
        renewed.append(old.refresh_token)
        is_renewing.set()
        return session("new")

    def command() -> None:
        tokens.append(Credentials(credentials.path).fresh(HERE, renew).token)

    with credentials._alone():
        threads = [threading.Thread(target=command) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert not is_renewing.wait(0.2), "somebody did not wait"
    for thread in threads:
        thread.join(30)
    assert (renewed, tokens) == (["old r"], ["new"] * 4)


def test_a_session_that_cannot_be_renewed_is_kept_as_it_was(credentials: Credentials) -> None:
    credentials.keep(HERE, session("old", lasts=1))

    def fails(_: Kept) -> Kept:
        raise CommandError("503: not now")

    with pytest.raises(CommandError, match="not now"):
        credentials.fresh(HERE, fails)
    kept = credentials.find(HERE)
    assert kept is not None
    assert kept.token == "old"


def test_a_personal_token_needs_no_renewal(credentials: Credentials) -> None:
    credentials.keep(HERE, replace(session("rag"), ends_at=None, refresh_token=None))
    assert credentials.fresh(HERE, never).token == "rag"
