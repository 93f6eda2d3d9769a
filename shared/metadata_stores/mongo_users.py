"""Users in MongoDB: the `UserStore` part of `MongoMetadataStore`.

A user's document also names the groups that they are in, so that one look-up tells where somebody stands.
"""

from dataclasses import asdict, fields, replace

from pymongo import IndexModel

from shared.domain import DEFAULT_ORGANISATION, Standing, User
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert

_FIRST = "first"  # the seat of an empty store's first user; every other one has a seat of their own

USERS_INDEXES = (
    IndexModel([("email", 1)], unique=True),
    IndexModel([("seat", 1)], unique=True),
    IndexModel([("organisation_id", 1), ("email", 1)]),
    IndexModel([("groups", 1), ("email", 1)]),
)
BY_EMAIL = [("email", 1)]

_FIELDS = tuple(field.name for field in fields(User) if field.name != "id")


class MongoUsers:
    _mongo: MongoDatabase

    async def add_user(self, user: User, *, first_is_administrator: bool) -> User | None:
        first = replace(user, is_administrator=user.is_administrator or first_is_administrator)
        async with self._mongo.calling() as database:
            users = database["users"]
            # All who see the store empty go for the one first seat, so the first user is whoever gets it.
            if await users.find_one({}, {"_id": True}) is None and await insert(users, _row(first, _FIRST)):
                return first
            return user if await insert(users, _row(user, f"of {user.id}")) else None

    async def user(self, user_id: str) -> User | None:
        return await self._find_user(by_id(user_id))

    async def user_by_email(self, email: str) -> User | None:
        return await self._find_user({"email": {"$eq": email}})

    async def set_password_hash(
        self, user_id: str, password_hash: str, *, replaces: str | None = None
    ) -> bool:
        old = {} if replaces is None else {"password_hash": {"$eq": replaces}}
        new = {"$set": {"password_hash": password_hash}}
        async with self._mongo.calling() as database:
            return await change(database["users"], {**by_id(user_id), **old}, new) is not None

    async def list_users(self, *, organisation_id: str | None = None) -> list[User]:
        where = {} if organisation_id is None else of_organisation(organisation_id)
        async with self._mongo.calling() as database:
            rows = await database["users"].find(where, WITHOUT_WRITES, sort=BY_EMAIL).to_list()
            return list(map(to_user, rows))

    async def set_user(
        self,
        user_id: str,
        *,
        is_disabled: bool | None = None,
        is_administrator: bool | None = None,
        manages_organisation: bool | None = None,
    ) -> User | None:
        given = {
            "is_disabled": is_disabled,
            "is_administrator": is_administrator,
            "manages_organisation": manages_organisation,
        }
        values = {name: value for name, value in given.items() if value is not None}
        async with self._mongo.calling() as database:
            users = database["users"]
            before = await users.find_one(by_id(user_id), WITHOUT_WRITES)
            if before is None:
                return None
            ends = _administers(before) and not _administers(before | values)
            if ends and await users.find_one(_another_administrator(user_id), {"_id": True}) is None:
                return None
            after = await change(users, by_id(user_id), {"$set": values}) if values else before
            # Two administrators may have ended each other's rights at this moment.
            if ends and await users.find_one(_another_administrator(user_id), {"_id": True}) is None:
                await change(
                    users, by_id(user_id), {"$set": {name: before.get(name, False) for name in values}}
                )
                return None
            return None if after is None else to_user(after)

    async def standing(self, user_id: str) -> Standing | None:
        async with self._mongo.calling() as database:
            row = await database["users"].find_one({**by_id(user_id), "is_disabled": False}, WITHOUT_WRITES)
            if row is None:
                return None
            return Standing(user=to_user(row), groups=frozenset(row.get("groups", ())))

    async def _find_user(self, where: Row) -> User | None:
        async with self._mongo.calling() as database:
            row = await database["users"].find_one(where, WITHOUT_WRITES)
            return None if row is None else to_user(row)


def of_organisation(organisation_id: str) -> Row:
    """A filter. Users who are older than organisations name none."""
    if organisation_id == DEFAULT_ORGANISATION:
        return {"organisation_id": {"$in": [DEFAULT_ORGANISATION, None]}}
    return {"organisation_id": {"$eq": organisation_id}}


def to_user(row: Row) -> User:
    return User(id=row["_id"], **{name: row[name] for name in _FIELDS if name in row})


def _row(user: User, seat: str) -> Row:
    row: Row = asdict(user)
    return {"_id": row.pop("id"), **row, "groups": [], "seat": seat}


def _administers(row: Row) -> bool:
    return row["is_administrator"] and not row["is_disabled"]


def _another_administrator(user_id: str) -> Row:
    return {"_id": {"$ne": user_id}, "is_administrator": True, "is_disabled": False}
