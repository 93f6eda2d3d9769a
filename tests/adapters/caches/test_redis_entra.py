"""Redis over TLS, signed in to with tokens of Entra ID: the users are Redis's own, by object id."""

import asyncio
import base64
import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import trustme
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from redis.asyncio import Redis

from shared.caches.redis import RedisCache
from shared.errors import ConfigError
from tests.servers.process import free_port, stop
from tests.servers.redis import start_server
from tests.stand_ins.tls import trusted

OID = "5f0c1a52-0000-4000-8000-8b6d3c2e1f00"


class Server:
    def __init__(self, keys: Path) -> None:
        self._plain = free_port()
        self.port = free_port()
        files = ("--tls-cert-file", str(keys), "--tls-key-file", str(keys), "--tls-auth-clients", "no")
        self.process = start_server(self._plain, "--tls-port", str(self.port), *files)

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.port}/0"

    async def accept(self, token: str) -> None:
        """From now on this token alone; who is connected by another is thrown out."""
        async with Redis(port=self._plain) as redis:
            rules = ("reset", "on", f">{token}", "~*", "+@all")
            await redis.execute_command("ACL", "SETUSER", OID, *rules)
            await redis.execute_command("CLIENT", "KILL", "USER", OID)


class Identity:
    """Issues a token per request; `lifetime` in seconds."""

    def __init__(self, *, lifetime: float = 3600.0, claims: object = None, delay: float = 0.0) -> None:
        self.issued: list[str] = []
        self.scopes: list[str] = []
        self.lifetime = lifetime
        self.delay = delay
        self.error: Exception | None = None
        self._claims = {"oid": OID} if claims is None else claims

    def token(self, number: int) -> str:
        payload = json.dumps(self._claims).encode()
        return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{number}"

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        self.scopes.extend(scopes)
        self.issued.append(self.token(len(self.issued)))
        return AccessToken(self.issued[-1], int(time.time() + self.lifetime))

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(trusted() / "server.pem")
    yield server
    stop(server.process)


@asynccontextmanager
async def opened(
    server: Server, identity: Identity, *, patience: float = 10, pause: float = 0.1
) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url=server.url, credential=identity, patience=patience, pause=pause)
    yield cache
    await cache.close()


async def until_counted(cache: RedisCache) -> None:
    async with asyncio.timeout(20):
        while not await cache.increment("n", ttl=60):
            await asyncio.sleep(0.02)


async def test_the_token_signs_its_identity_in_for_every_connection(server: Server) -> None:
    identity = Identity()
    await server.accept(identity.token(0))
    async with opened(server, identity) as cache:
        assert all(await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(10))))
    assert identity.scopes == ["https://redis.azure.com/.default"]


async def test_a_token_is_renewed_before_it_ends_and_new_connections_show_the_new_one(server: Server) -> None:
    identity = Identity(lifetime=299)
    await server.accept(identity.token(0))
    async with opened(server, identity) as cache:
        await until_counted(cache)
        await server.accept(identity.token(1))
        assert await cache.increment("n", ttl=60)
    assert len(identity.issued) == 2


async def test_a_slow_sign_in_delays_no_call_beyond_its_patience_and_is_not_lost(server: Server) -> None:
    identity = Identity(delay=1.2)
    await server.accept(identity.token(0))
    async with opened(server, identity, patience=0.5) as cache:
        assert await cache.get("a") is None
        assert identity.issued == []
        await until_counted(cache)
    assert len(identity.issued) == 1


async def test_closing_ends_a_sign_in_that_is_under_way(server: Server) -> None:
    async with opened(server, Identity(delay=60), patience=0.5) as cache:
        assert await cache.get("a") is None
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("error", "claims"),
    [(ClientAuthenticationError("no identity here"), None), (None, {}), (None, []), (None, {"oid": "other"})],
)
async def test_an_identity_without_access_is_a_miss_and_an_error_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture, error: Exception | None, claims: object
) -> None:
    identity = Identity(claims=claims)
    identity.error = error
    async with opened(server, identity, pause=60) as cache:
        assert await cache.get("a") is None
        assert await cache.increment("n", ttl=60) == 0
    (record,) = (record for record in caplog.records if record.name.startswith("shared"))
    assert record.levelno == logging.ERROR
    assert "REDIS_AUTH" in record.getMessage()
    assert not any(token in caplog.text for token in identity.issued)


async def test_a_server_that_freezes_is_passed_by_and_holds_up_neither_calls_nor_the_end(
    server: Server,
) -> None:
    identity = Identity()
    await server.accept(identity.token(0))
    async with opened(server, identity, patience=0.5) as cache:
        await until_counted(cache)
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            assert await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(5))) == [0] * 5
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        await until_counted(cache)
        os.kill(server.process.pid, signal.SIGSTOP)
        began = time.monotonic()
    try:
        assert time.monotonic() - began < 5
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "url", ["redis://localhost", "rediss://:s3cret@localhost", "rediss://s3cret@localhost"]
)
def test_an_address_with_a_password_or_without_tls_takes_no_token(url: str) -> None:
    with pytest.raises(ConfigError, match="REDIS_AUTH=entra needs") as raised:
        RedisCache(url=url, credential=Identity())
    assert "s3cret" not in str(raised.value)


async def test_a_server_with_a_certificate_of_a_stranger_is_shown_no_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = tmp_path / "server.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(keys)
    server = Server(keys)
    identity = Identity()
    await server.accept(identity.token(0))
    async with opened(server, identity) as cache:
        assert await cache.increment("n", ttl=60) == 0
    stop(server.process)
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
