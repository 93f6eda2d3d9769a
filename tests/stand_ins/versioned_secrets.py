"""A secret store whose versions a test sets, the ring's clock, and the tokens of a process over them."""

import asyncio
import time
from collections.abc import Callable

import jwt

from shared.auth.keys import create_key, read_keys
from shared.auth.tokens import AccessTokens
from shared.domain import User
from shared.errors import NotAuthenticated
from shared.secret_stores.base import SecretVersion

OLD, NEW = create_key(), create_key()
ADA = User(id="ada", email="ada@example.org", password_hash="", is_administrator=True, created_at=0.0)
INTERVAL, PAUSE = 300.0, 30.0  # seconds
LONG_AGO = 10 * INTERVAL


class VersionedSecrets:
    """Versions that a test sets, newest first; `error` is what the next questions meet."""

    def __init__(self, *keys: tuple[str, float]) -> None:
        self.hold(*keys)
        self.error: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0

    def hold(self, *keys: tuple[str, float]) -> None:
        """Each with its age in seconds."""
        self.stored = [SecretVersion(value=key, created_at=time.time() - age) for key, age in keys]

    async def get(self, name: str) -> str | None:
        raise NotImplementedError

    async def versions(self, name: str) -> list[SecretVersion]:
        assert name == "jwt-signing-key"
        self.asked += 1
        stored = self.stored
        await self.answers.wait()
        if self.error:
            raise self.error
        return stored

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        if self.error:
            raise self.error
        if not self.stored:
            self.hold((create(), 0.0))
        return self.stored[-1].value

    async def close(self) -> None:
        pass


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key_id(pem: str) -> str:
    return read_keys(pem)[0].id


async def signer(tokens: AccessTokens) -> str:
    return str(jwt.get_unverified_header(await tokens.issue(ADA, "family"))["kid"])


async def is_accepted(token: str, tokens: AccessTokens) -> bool:
    try:
        return (await tokens.verify(token)).user_id == "ada"
    except NotAuthenticated:
        return False


async def settle() -> None:
    """Let what runs beside the requests come to its end."""
    for _ in range(5):
        await asyncio.sleep(0)
