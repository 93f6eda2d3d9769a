"""A release can be taken back: this one goes on with what the next one has left in the metadata store."""

from dataclasses import replace
from pathlib import Path

import pymongo
import pytest

from shared.domain import User
from shared.errors import ConfigError
from shared.metadata_stores.mongo import MongoMetadataStore
from shared.metadata_stores.sqlite import SqliteMetadataStore
from tests.contract.openers import METADATA_STORES
from tests.servers import mongo
from tests.stand_ins.next_release import upgraded

ANN = User(id="ann", email="ann@example.org", password_hash="h", is_administrator=True, created_at=1.0)


async def test_a_file_that_the_next_release_shuts_us_out_of_is_refused(tmp_path: Path) -> None:
    store = SqliteMetadataStore(upgraded(tmp_path, readable_from=99))
    with pytest.raises(ConfigError, match="written by a newer release"):
        await store.ping()
    await store.close()


async def test_what_this_release_writes_meanwhile_has_the_new_columns_defaults(tmp_path: Path) -> None:
    store = SqliteMetadataStore(upgraded(tmp_path))
    await store.add_user(ANN, first_is_administrator=True)
    rows = await store._file.read(lambda file: file.execute("SELECT id, of_the_next FROM users").fetchall())
    assert rows == [("ann", "new")]
    await store.close()


@pytest.mark.slow
async def test_fields_of_the_next_release_are_left_alone(tmp_path: Path) -> None:
    name = mongo.database_for(tmp_path)
    async with METADATA_STORES["mongo"](tmp_path) as store:
        await store.add_user(ANN, first_is_administrator=True)
        with pymongo.MongoClient(mongo.address()) as client:
            for collection in client[name].list_collection_names():
                client[name][collection].update_many({}, {"$set": {"of_the_next": {"deep": [1]}}})
            client[name]["format"].update_one({}, {"$set": {"version": 99}})
        assert await store.user("ann") == ANN
        assert await store.list_users() == [ANN]
        changed = await store.set_user("ann", manages_organisation=True)
        assert changed == replace(ANN, manages_organisation=True)
        with pymongo.MongoClient(mongo.address()) as client:
            kept = client[name]["users"].find_one({"_id": "ann"})
            assert kept is not None
            assert kept["of_the_next"] == {"deep": [1]}
    async with METADATA_STORES["mongo"](tmp_path) as again:
        assert await again.user("ann") is not None
    with pymongo.MongoClient(mongo.address()) as client:
        record = client[name]["format"].find_one({})
        assert record is not None
        assert record["version"] == 99, "an older release does not take the record back"


@pytest.mark.slow
async def test_a_database_that_the_next_release_shuts_us_out_of_is_refused(tmp_path: Path) -> None:
    name = mongo.database_for(tmp_path)
    with pymongo.MongoClient(mongo.address()) as client:
        client[name]["format"].insert_one({"_id": "metadata", "version": 99, "readable_from": 99})
    store = MongoMetadataStore(uri=mongo.address(), database=name)
    with pytest.raises(ConfigError, match="written by a newer release"):
        await store.ping()
    await store.close()
