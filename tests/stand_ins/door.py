"""Accounts and sessions over a real store, as the session tests use them."""

import time
from dataclasses import dataclass

from shared.auth import sessions
from shared.auth.passwords import Passwords
from shared.auth.sessions import Session
from shared.auth.tokens import AccessTokens
from shared.caches.base import Cache
from shared.domain import User
from shared.metadata_stores.sqlite import SqliteMetadataStore

LIFETIME = 30 * 86_400.0
PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True)
class Door:
    """Everything that lets people in, on a folder of the test's own."""

    users: SqliteMetadataStore
    passwords: Passwords
    tokens: AccessTokens
    cache: Cache

    async def register(self, email: str = "ada@example.org", *, is_open: bool = True) -> User:
        return await sessions.register(
            email, PASSWORD, users=self.users, passwords=self.passwords, is_open=is_open
        )

    async def sign_in(self, email: str = "ada@example.org", password: str = PASSWORD) -> Session:
        return await sessions.sign_in(
            email,
            password,
            users=self.users,
            passwords=self.passwords,
            tokens=self.tokens,
            cache=self.cache,
            refresh_lifetime=LIFETIME,
        )

    async def refresh(self, refresh_token: str, *, lifetime: float = LIFETIME) -> Session:
        return await sessions.refresh(
            refresh_token, users=self.users, tokens=self.tokens, refresh_lifetime=lifetime
        )

    async def is_live(self, session: Session) -> bool:
        family = (await self.tokens.verify(session.access_token)).family_id
        return await self.users.family_is_live(family, now=time.time())
