"""Index versions in MongoDB: the `IndexVersionStore` part of `MongoMetadataStore`.

All versions of a base are one document, so that one conditional update is enough for every change.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields

from shared.domain import IndexState, IndexVersion
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert

_FIELDS = tuple(field.name for field in fields(IndexVersion))


class MongoIndexVersions:
    _mongo: MongoDatabase

    async def first_index(self, version: IndexVersion) -> IndexVersion:
        row = _to_row(version, IndexState.LIVE)
        base: Row = {
            "_id": version.base,
            "live": version.name,
            "building": None,
            "numbers": [version.number],
            "versions": {version.name: row},
        }
        async with self._mongo.calling() as database:
            while True:
                known = await database["indexes"].find_one(by_id(version.base), WITHOUT_WRITES)
                if known is None:
                    await insert(database["indexes"], base)
                else:
                    return _to_version(known["versions"][known["live"]])

    async def add_index(self, version: IndexVersion) -> bool:
        key = f"versions.{version.name}"
        where = {
            **by_id(version.base),
            "building": None,
            key: {"$exists": False},
            "numbers": {"$ne": version.number},
        }
        update = {
            "$set": {key: _to_row(version, IndexState.BUILDING), "building": version.name},
            "$push": {"numbers": version.number},
        }
        return await self._is_base_changed(where, update)

    async def index_versions(self, base: str) -> list[IndexVersion]:
        versions = (await self._base(base)).values()
        return sorted(map(_to_version, versions), key=lambda version: version.number)

    async def switch_index(self, base: str, name: str, *, expected: str, now: float) -> bool:
        while True:
            known = await self._base(base)
            state = known.get(name, {}).get("state")
            if state not in ("building", "standby") or known.get(expected, {}).get("state") != "live":
                return False
            where = {**by_id(base), "live": {"$eq": expected}, f"versions.{name}.state": {"$eq": state}}
            values: Row = {"live": name}
            if state == IndexState.BUILDING:
                values["building"] = None
            for each, new in ((name, IndexState.LIVE), (expected, IndexState.STANDBY)):
                values |= {f"versions.{each}.state": new.value, f"versions.{each}.changed_at": now}
            if await self._is_base_changed(where, {"$set": values}):
                return True

    async def remove_index(self, base: str, name: str, *, now: float) -> bool:
        while True:
            state = (await self._base(base)).get(name, {}).get("state")
            if state not in ("building", "standby"):
                return False
            values: Row = {
                f"versions.{name}.state": IndexState.REMOVED.value,
                f"versions.{name}.changed_at": now,
            }
            if state == IndexState.BUILDING:
                values["building"] = None
            where = {**by_id(base), f"versions.{name}.state": {"$eq": state}}
            if await self._is_base_changed(where, {"$set": values}):
                return True

    async def note_index(
        self, base: str, name: str, *, documents: int, chunks: int, gate: str | None = None
    ) -> None:
        key = f"versions.{name}"
        values: Row = {f"{key}.documents": documents, f"{key}.chunks": chunks}
        if gate is not None:
            values[f"{key}.gate"] = gate
        await self._is_base_changed({**by_id(base), key: {"$exists": True}}, {"$set": values})

    async def _base(self, base: str) -> Mapping[str, Row]:
        async with self._mongo.calling() as database:
            known = await database["indexes"].find_one(by_id(base), WITHOUT_WRITES)
            versions: Mapping[str, Row] = {} if known is None else known["versions"]
            return versions

    async def _is_base_changed(self, where: Row, update: Row) -> bool:
        async with self._mongo.calling() as database:
            return await change(database["indexes"], where, update) is not None


def _to_row(version: IndexVersion, state: IndexState) -> Row:
    return {**asdict(version), "state": state.value}


def _to_version(row: Row) -> IndexVersion:
    return IndexVersion(**{**{name: row[name] for name in _FIELDS}, "state": IndexState(row["state"])})
