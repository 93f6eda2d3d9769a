"""`rag users recover`: back into an account by way of the store."""

import asyncio
import json
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.recovery import recover
from shared.auth import sessions
from shared.auth.passwords import Passwords
from shared.compose import opened_stores
from shared.domain import User
from shared.errors import InvalidRequest
from shared.settings import Settings
from tests.planted import planted

ROOT = "root@example.org"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a store with one account, which administers, is disabled, and whose password nobody knows."""
    settings = Settings(data=tmp_path / "rag")

    async def fill() -> None:
        async with opened_stores(settings) as (_, store):
            passwords = Passwords()
            user = await sessions.register(
                ROOT, planted("forgotten"), users=store, passwords=passwords, is_open=True
            )
            await store.set_user(user.id, is_disabled=True, is_administrator=None, manages_organisation=None)
            await passwords.close()

    (tmp_path / "rag").mkdir()
    asyncio.run(fill())
    return settings


def account(settings: Settings) -> User:
    async def found() -> User | None:
        async with opened_stores(settings) as (_, store):
            return await store.user_by_email(ROOT)

    user = asyncio.run(found())
    assert user is not None
    return user


def is_let_in(password: str, user: User) -> bool:
    async def verified() -> bool:
        passwords = Passwords()
        try:
            return await passwords.verify(password, user.password_hash)
        finally:
            await passwords.close()

    return asyncio.run(verified())


def test_the_password_that_is_printed_lets_in_and_the_audit_trail_tells(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    recover(ROOT.upper(), settings, password=None, is_administrator=False)
    said = capsys.readouterr()
    user = account(settings)
    assert is_let_in(said.out.removesuffix("\n"), user)
    assert not user.is_disabled
    lines = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    assert [(line["event"], line["act"], line["subject"]) for line in lines] == [
        ("audit", "user_changed", user.id),
        ("audit", "session_ended", user.id),
    ]
    assert {line["actor"] for line in lines} == {"rag users recover"}


def test_a_password_that_was_chosen_is_not_printed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    recover(ROOT, settings, password=planted("chosen"), is_administrator=True)
    assert capsys.readouterr().out == ""
    assert is_let_in(planted("chosen"), account(settings))


def test_a_password_that_is_guessed_first_changes_nothing(settings: Settings) -> None:
    before = account(settings)
    with pytest.raises(InvalidRequest, match="first that are guessed"):
        recover(ROOT, settings, password="password", is_administrator=False)
    assert account(settings) == before


def test_an_account_that_is_not_there_is_told(settings: Settings) -> None:
    with pytest.raises(CommandError, match=r"no account eve@example\.org"):
        recover("eve@example.org", settings, password=None, is_administrator=False)


def test_without_the_store_nobody_is_let_in_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no accounts are kept in"):
        recover(ROOT, Settings(data=tmp_path / "elsewhere"), password=None, is_administrator=False)
    assert not (tmp_path / "elsewhere").exists()
