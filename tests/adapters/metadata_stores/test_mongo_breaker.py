"""MongoDB behind its breaker: a server that fails is left alone, refusals of a command are no outage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.breaker import Breaker
from shared.errors import BackendUnavailable, Refused
from shared.metadata_stores.mongo import MongoMetadataStore
from shared.telemetry.metrics import Metrics
from tests.adapters.metadata_stores.faulty_mongo import FaultyMongo, faulty_mongo
from tests.servers import mongo

_BUSY, _ILLEGAL = 16500, 59


@pytest.fixture
async def proxy() -> AsyncIterator[FaultyMongo]:
    async with faulty_mongo() as proxy:
        yield proxy


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("metadata", Metrics())


@pytest.fixture
async def store(proxy: FaultyMongo, breaker: Breaker, tmp_path: Path) -> AsyncIterator[MongoMetadataStore]:
    database = mongo.database_for(tmp_path)
    store = MongoMetadataStore(uri=proxy.uri, database=database, timeout=8.0, breaker=breaker)
    await store.ping()
    yield store
    await store.close()


async def test_a_server_that_fails_again_and_again_is_not_asked(
    store: MongoMetadataStore, proxy: FaultyMongo, breaker: Breaker
) -> None:
    proxy.refused["find"] = _BUSY
    for _ in range(5):
        with pytest.raises(BackendUnavailable, match="busy"):
            await store.ping()
    assert breaker.is_open
    asked = proxy.count("find")
    with pytest.raises(BackendUnavailable, match="the metadata store fails again and again"):
        await store.ping()
    assert proxy.count("find") == asked


async def test_a_command_that_is_refused_says_nothing_about_others(
    store: MongoMetadataStore, proxy: FaultyMongo, breaker: Breaker
) -> None:
    proxy.refused["find"] = _ILLEGAL
    for _ in range(10):
        with pytest.raises(Refused):
            await store.ping()
    assert not breaker.is_open
