"""Index versions in MongoDB: the `IndexVersionStore` part of `MongoMetadataStore`."""

from dataclasses import asdict

from shared.domain import IndexVersion
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, insert


class MongoIndexVersions:
    _mongo: MongoDatabase

    async def record_index(self, version: IndexVersion) -> IndexVersion:
        row: Row = asdict(version)
        row["_id"] = row.pop("name")
        async with self._mongo.calling() as database:
            versions = database["index_versions"]
            while True:
                known = await versions.find_one(by_id(version.name), WITHOUT_WRITES)
                if known is not None:
                    return _to_version(known)
                if await insert(versions, row):
                    return version

    async def index_versions(self) -> list[IndexVersion]:
        async with self._mongo.calling() as database:
            rows = await database["index_versions"].find({}, WITHOUT_WRITES, sort=[("_id", 1)]).to_list()
            return [_to_version(row) for row in rows]


def _to_version(row: Row) -> IndexVersion:
    return IndexVersion(
        name=row["_id"],
        embedder=row["embedder"],
        dimension=row["dimension"],
        created_at=row["created_at"],
    )
