"""Accounts and sessions over a real store, as the session tests use them."""

import time
from dataclasses import dataclass

from shared.auth import sessions
from shared.auth.passwords import Passwords
from shared.auth.sessions import Lifetimes, Tokens
from shared.auth.tokens import AccessTokens
from shared.caches.base import Cache
from shared.domain import Principal, User
from shared.metadata_stores.sqlite import SqliteMetadataStore
from tests.planted import planted

LIFETIMES = Lifetimes(idle=30 * 86_400.0, whole=90 * 86_400.0)
PASSWORD = planted("password")


@dataclass(frozen=True, kw_only=True)
class Door:
    """Everything that lets people in, on a folder of the test's own."""

    users: SqliteMetadataStore
    passwords: Passwords
    tokens: AccessTokens
    cache: Cache

    async def register(
        self, email: str = "ada@example.org", password: str = PASSWORD, *, is_open: bool = True
    ) -> User:
        return await sessions.register(
            email, password, users=self.users, passwords=self.passwords, is_open=is_open
        )

    async def sign_in(
        self,
        email: str = "ada@example.org",
        password: str = PASSWORD,
        *,
        lifetimes: Lifetimes = LIFETIMES,
        client: str = "",
    ) -> Tokens:
        return await sessions.sign_in(
            email,
            password,
            store=self.users,
            passwords=self.passwords,
            tokens=self.tokens,
            cache=self.cache,
            lifetimes=lifetimes,
            client=client,
        )

    async def refresh(self, refresh_token: str, *, lifetimes: Lifetimes = LIFETIMES) -> Tokens:
        return await sessions.refresh(
            refresh_token, store=self.users, tokens=self.tokens, lifetimes=lifetimes
        )

    async def change_password(self, caller: Principal, current: str, new: str) -> None:
        await sessions.change_password(
            caller, current, new, store=self.users, passwords=self.passwords, cache=self.cache
        )

    async def is_live(self, tokens: Tokens) -> bool:
        return await self.users.family_is_live(await self.family_of(tokens), now=time.time())

    async def family_of(self, tokens: Tokens) -> str:
        return (await self.tokens.verify(tokens.access_token)).family_id
