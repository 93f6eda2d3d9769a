"""Groups in MongoDB, and who is in them: a part of the `PeopleStore` of `MongoMetadataStore`."""

from dataclasses import asdict

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from shared.domain import DEFAULT_ORGANISATION, Group, User
from shared.metadata_stores.base_people import name_key
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_users import BY_EMAIL, of_organisation, to_user
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert, repeatable

GROUPS_INDEXES = (IndexModel([("organisation_id", 1), ("name_key", 1)], unique=True),)


class MongoGroups:
    _mongo: MongoDatabase

    async def add_group(self, group: Group) -> bool:
        row = asdict(group)
        row = {"_id": row.pop("id"), **row, "name_key": name_key(group.name)}
        async with self._mongo.calling() as database:
            if group.organisation_id != DEFAULT_ORGANISATION:  # which always is, stored or not
                organisation = by_id(group.organisation_id)
                if await database["organisations"].find_one(organisation, {"_id": True}) is None:
                    return False
            return await insert(database["groups"], row)

    async def group(self, group_id: str) -> Group | None:
        async with self._mongo.calling() as database:
            row = await database["groups"].find_one(by_id(group_id))
            return None if row is None else _to_group(row)

    async def groups(self, organisation_id: str) -> list[Group]:
        where = {"organisation_id": {"$eq": organisation_id}}
        async with self._mongo.calling() as database:
            rows = await database["groups"].find(where, sort=[("name_key", 1)]).to_list()
            return list(map(_to_group, rows))

    async def rename_group(self, group_id: str, name: str) -> bool:
        values = {"name": name, "name_key": name_key(name)}
        async with self._mongo.calling() as database:
            try:
                return await change(database["groups"], by_id(group_id), {"$set": values}) is not None
            except DuplicateKeyError:
                return False

    async def remove_group(self, group_id: str) -> bool:
        # The group first: whoever adds a member beside this looks for it again afterwards.
        async with self._mongo.calling() as database:
            is_there = await database["groups"].find_one(by_id(group_id), {"_id": True}) is not None
            await repeatable(lambda: database["groups"].delete_one(by_id(group_id)))
            await repeatable(lambda: database["users"].update_many(_in(group_id), _out_of(group_id)))
            return is_there

    async def add_member(self, group_id: str, user_id: str) -> bool:
        async with self._mongo.calling() as database:
            groups, users = database["groups"], database["users"]
            group = await groups.find_one(by_id(group_id))
            if group is None:
                return False
            where = {**by_id(user_id), **of_organisation(group["organisation_id"])}
            if await change(users, where, {"$addToSet": {"groups": group_id}}) is None:
                return False
            if await groups.find_one(by_id(group_id), {"_id": True}):
                return True
            await change(users, by_id(user_id), _out_of(group_id))  # it was removed meanwhile
            return False

    async def remove_member(self, group_id: str, user_id: str) -> bool:
        where = {**by_id(user_id), **_in(group_id)}
        async with self._mongo.calling() as database:
            return await change(database["users"], where, _out_of(group_id)) is not None

    async def members(self, group_id: str) -> list[User]:
        async with self._mongo.calling() as database:
            rows = await database["users"].find(_in(group_id), WITHOUT_WRITES, sort=BY_EMAIL).to_list()
            return list(map(to_user, rows))


def _in(group_id: str) -> Row:
    return {"groups": {"$eq": group_id}}


def _out_of(group_id: str) -> Row:
    return {"$pullAll": {"groups": [group_id]}}  # which takes it as a value, never as a condition


def _to_group(row: Row) -> Group:
    return Group(
        id=row["_id"],
        organisation_id=row["organisation_id"],
        name=row["name"],
        created_at=row["created_at"],
    )
