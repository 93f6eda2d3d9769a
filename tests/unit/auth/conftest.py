"""The door of a test's own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.auth.key_ring import KeyRing
from shared.auth.keys import create_key
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.caches.sqlite import SqliteCache
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.secret_stores.local import LocalSecrets
from tests.stand_ins.door import Door
from tests.stand_ins.token_issuers import ISSUERS, Issuer
from tests.stand_ins.versioned_secrets import INTERVAL, PAUSE, Clock, VersionedSecrets


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    secrets = LocalSecrets(tmp_path, {"RAG_SECRET_JWT_SIGNING_KEY": create_key()})
    door = Door(
        users=SqliteMetadataStore(tmp_path / "metadata.db"),
        passwords=Passwords(),
        tokens=AccessTokens(
            keys=KeyRing(secrets, "jwt-signing-key"),
            issuer="rag",
            audience="rag",
            lifetime=900,
        ),
        cache=SqliteCache(tmp_path / "cache.db", 1024 * 1024),
    )
    yield door
    for part in (door.users, door.passwords, door.cache):
        await part.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock) -> Callable[[VersionedSecrets], AccessTokens]:
    """The tokens of one process."""

    def process(store: VersionedSecrets) -> AccessTokens:
        ring = KeyRing(store, "jwt-signing-key", refresh_after=INTERVAL, retry_after=PAUSE, clock=clock)
        return AccessTokens(keys=ring, issuer="rag", audience="rag", lifetime=900)

    return process


@pytest.fixture(params=ISSUERS)
async def issuer(request: pytest.FixtureRequest) -> Issuer:
    """Each kind of access token in turn."""
    return await ISSUERS[request.param]()
