"""Organisations in MongoDB: a part of the `PeopleStore` of `MongoMetadataStore`."""

from dataclasses import asdict

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from shared.domain import DEFAULT_ORGANISATION, EVERYONE, Organisation, organisation_reader
from shared.metadata_stores.base_people import THE_DEFAULT, name_key
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_users import of_organisation
from shared.metadata_stores.mongo_writes import by_id, change, insert, repeatable

ORGANISATIONS_INDEXES = (IndexModel([("name_key", 1)], unique=True),)


class MongoOrganisations:
    _mongo: MongoDatabase

    async def add_organisation(self, organisation: Organisation) -> bool:
        async with self._mongo.calling() as database:
            await _make_default(database)
            await _keep_in_default(database)
            return await insert(database["organisations"], _row(organisation))

    async def organisations(self) -> list[Organisation]:
        async with self._mongo.calling() as database:
            await _make_default(database)
            rows = await database["organisations"].find({}, sort=[("name_key", 1)]).to_list()
            return [
                Organisation(id=row["_id"], name=row["name"], created_at=row["created_at"]) for row in rows
            ]

    async def rename_organisation(self, organisation_id: str, name: str) -> bool:
        values = {"name": name, "name_key": name_key(name)}
        async with self._mongo.calling() as database:
            await _make_default(database)
            try:
                return (
                    await change(database["organisations"], by_id(organisation_id), {"$set": values})
                    is not None
                )
            except DuplicateKeyError:
                return False

    async def remove_organisation(self, organisation_id: str) -> bool:
        if organisation_id == DEFAULT_ORGANISATION:
            return False
        async with self._mongo.calling() as database:
            if await database["users"].find_one(of_organisation(organisation_id), {"_id": True}):
                return False
            organisations, same = database["organisations"], by_id(organisation_id)
            if await organisations.find_one(same, {"_id": True}) is None:
                return False
            groups = {"organisation_id": {"$eq": organisation_id}}
            await repeatable(lambda: database["groups"].delete_many(groups))
            await repeatable(lambda: organisations.delete_one(same))
            return True


async def _make_default(database: AsyncDatabase[Row]) -> None:
    organisations = database["organisations"]
    if await organisations.find_one(by_id(DEFAULT_ORGANISATION), {"_id": True}) is None:
        await insert(organisations, _row(THE_DEFAULT))


async def _keep_in_default(database: AsyncDatabase[Row]) -> None:
    """What owners had shared with everyone while there was one organisation is that one's."""
    of_everyone = {"owner_id": {"$ne": None}, "readers": EVERYONE}
    update = {"$set": {"readers.$": organisation_reader(DEFAULT_ORGANISATION)}}
    await repeatable(lambda: database["documents"].update_many(of_everyone, update))


def _row(organisation: Organisation) -> Row:
    row = asdict(organisation)
    return {"_id": row.pop("id"), **row, "name_key": name_key(organisation.name)}
