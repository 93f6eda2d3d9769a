"""What `MongoMetadataStore` makes of a server that is away, refuses, or falls silent."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.errors import BackendTimeout, BackendUnavailable, ConfigError, Refused
from shared.metadata_stores.mongo import MongoMetadataStore
from tests.adapters.metadata_stores.faulty_mongo import FaultyMongo, faulty_mongo
from tests.servers import mongo
from tests.servers.process import free_port


@pytest.fixture
async def proxy() -> AsyncIterator[FaultyMongo]:
    async with faulty_mongo() as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: FaultyMongo, tmp_path: Path) -> AsyncIterator[MongoMetadataStore]:
    store = MongoMetadataStore(uri=proxy.uri, database=mongo.database_for(tmp_path), timeout=8.0)
    yield store
    await store.close()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://example.org",
        "mongodb://",
        "mongodb://ann:s3cret/pass@example.org",
        "mongodb://ann:s3cret@example.org:port",
        "mongodb://ann:s3cret@pass@example.org",
        "mongodb://ann:s3cret@example.org/?authMechanism=s3cret",
        "mongodb://ann:s3cret@example.org/?tsl=true",
        "mongodb+srv://ann:s3cret@example.org:27017",
    ],
)
def test_what_is_no_connection_string_is_refused_without_being_quoted(uri: str) -> None:
    with pytest.raises(ConfigError, match="MONGODB_URI") as refused:
        MongoMetadataStore(uri=uri, database="rag")
    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__, "the cause may quote the password"


async def test_a_server_that_is_away_is_named_by_its_setting_before_the_deadline() -> None:
    uri = f"mongodb://ann:s3cret@127.0.0.1:{free_port()}"
    store = MongoMetadataStore(uri=uri, database="rag", timeout=0.75)
    started = time.monotonic()
    with pytest.raises(BackendUnavailable, match="out of reach; check MONGODB_URI") as failure:
        await store.set_password_hash("u", "h")
    assert time.monotonic() - started < 2.0
    assert "s3cret" not in str(failure.value)
    await store.close()


async def test_a_cluster_name_that_does_not_resolve_is_named_by_its_setting() -> None:
    store = MongoMetadataStore(uri="mongodb+srv://nowhere.cluster.invalid", database="rag", timeout=2.0)
    with pytest.raises(BackendUnavailable, match="MONGODB_URI"):
        await store.ping()
    await store.close()


@pytest.mark.slow
async def test_a_server_that_falls_silent_is_given_up_at_the_deadline(
    proxy: FaultyMongo, tmp_path: Path
) -> None:
    store = MongoMetadataStore(uri=proxy.uri, database=mongo.database_for(tmp_path), timeout=2.0)
    await store.ping()
    proxy.is_silent = True
    started = time.monotonic()
    with pytest.raises(BackendTimeout, match="2 s"):
        await store.ping()
    assert 1.0 < time.monotonic() - started < 4.0
    await store.close()


async def test_nothing_is_connected_before_it_is_needed(
    store: MongoMetadataStore, proxy: FaultyMongo
) -> None:
    await asyncio.sleep(0)
    assert proxy.requests == []
    await store.ping()
    assert proxy.requests


async def test_indexes_are_created_once_by_whoever_comes_first(
    store: MongoMetadataStore, proxy: FaultyMongo
) -> None:
    await asyncio.gather(*(store.ping() for _ in range(5)))
    created = proxy.count("createIndexes")
    await store.list_users()
    assert created == proxy.count("createIndexes") == 9


async def test_a_failure_to_create_them_is_not_remembered(
    store: MongoMetadataStore, proxy: FaultyMongo
) -> None:
    proxy.refused["createIndexes"] = 16500
    with pytest.raises(BackendUnavailable, match="busy"):
        await store.ping()
    proxy.refused.clear()
    await store.ping()


async def test_without_the_right_to_create_a_missing_index_the_role_is_named(
    store: MongoMetadataStore, proxy: FaultyMongo
) -> None:
    proxy.refused["createIndexes"] = 13
    with pytest.raises(ConfigError, match=r"MONGODB_URI .* role readWrite on the database rag-"):
        await store.list_users()
    proxy.refused["listIndexes"] = 13
    with pytest.raises(ConfigError, match="role readWrite"):
        await store.list_users()


async def test_without_the_right_to_create_indexes_that_exist_everything_works(
    store: MongoMetadataStore, proxy: FaultyMongo, tmp_path: Path
) -> None:
    owner = MongoMetadataStore(uri=mongo.address(), database=mongo.database_for(tmp_path))
    await owner.ping()
    await owner.close()
    proxy.refused["createIndexes"] = 13
    assert await store.list_users() == []


async def test_an_index_with_other_options_is_the_operators_to_drop(
    store: MongoMetadataStore, proxy: FaultyMongo
) -> None:
    proxy.refused["createIndexes"] = 86
    with pytest.raises(ConfigError, match=r"documents has our fields .* drop it"):
        await store.ping()


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (13, BackendUnavailable, "role readWrite"),
        (18, BackendUnavailable, "check MONGODB_URI"),
        (8000, BackendUnavailable, "check MONGODB_URI"),
        (16500, BackendUnavailable, "busy"),
        (50, BackendTimeout, "8 s"),
        # Not the primary, and none is elected.
        pytest.param(10107, BackendUnavailable, "out of reach", marks=pytest.mark.slow),
        (59, Refused, "code 59"),
    ],
)
@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("find", lambda store: store.user("u")),
        ("findAndModify", lambda store: store.requeue("d", now=1.0)),
    ],
)
async def test_a_refusal_says_what_to_do(
    store: MongoMetadataStore,
    proxy: FaultyMongo,
    command: str,
    call: Callable[[MongoMetadataStore], Awaitable[object]],
    code: int,
    kind: type[BackendUnavailable],
    message: str,
) -> None:
    await store.ping()
    proxy.refused[command] = code
    with pytest.raises(BackendUnavailable, match=message) as failure:
        await call(store)
    assert type(failure.value) is kind


@pytest.mark.parametrize("code", [18, 8000])  # MongoDB's own, Atlas's
async def test_a_wrong_password_is_not_told_and_not_tried_for_long(proxy: FaultyMongo, code: int) -> None:
    proxy.refused["saslStart"] = code
    uri = proxy.uri.replace("//", "//ann:s3cret@")
    store = MongoMetadataStore(uri=uri, database="rag")
    with pytest.raises(BackendUnavailable, match="refuses the user or the password; check MONGODB_URI") as no:
        await store.ping()
    assert "s3cret" not in str(no.value)
    assert no.value.retry_after == 60.0
    await store.close()


async def test_the_connection_string_cannot_weaken_what_the_store_promises(
    proxy: FaultyMongo, tmp_path: Path
) -> None:
    weak = f"{proxy.uri}&w=0&readPreference=secondaryPreferred&retryWrites=true"
    store = MongoMetadataStore(uri=weak, database=mongo.database_for(tmp_path))
    assert not await store.requeue("nobody", now=1.0)
    write = next(request for request in proxy.requests if request.name == "findAndModify")
    assert write.command["writeConcern"] == {"w": "majority"}
    assert "txnNumber" not in write.command
    await store.user("u")
    read = next(request for request in proxy.requests if request.name == "find")
    assert read.command.get("$readPreference", {"mode": "primary"})["mode"] != "secondaryPreferred"
    await store.close()
