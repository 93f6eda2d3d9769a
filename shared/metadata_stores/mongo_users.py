"""Users in MongoDB: a part of the `UserStore` of `MongoMetadataStore`."""

from dataclasses import asdict, replace

from pymongo import IndexModel

from shared.domain import User
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert

_FIRST = "first"  # the seat of an empty store's first user; every other one has a seat of their own

USERS_INDEXES = (IndexModel([("email", 1)], unique=True), IndexModel([("seat", 1)], unique=True))


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

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        async with self._mongo.calling() as database:
            await change(database["users"], by_id(user_id), {"$set": {"password_hash": password_hash}})

    async def list_users(self) -> list[User]:
        async with self._mongo.calling() as database:
            rows = await database["users"].find({}, WITHOUT_WRITES, sort=[("email", 1)]).to_list()
            return [_to_user(row) for row in rows]

    async def _find_user(self, where: Row) -> User | None:
        async with self._mongo.calling() as database:
            row = await database["users"].find_one(where, WITHOUT_WRITES)
            return None if row is None else _to_user(row)


def _row(user: User, seat: str) -> Row:
    row: Row = asdict(user)
    return {"_id": row.pop("id"), **row, "seat": seat}


def _to_user(row: Row) -> User:
    values = {key: value for key, value in row.items() if key not in ("_id", "seat")}
    return User(id=row["_id"], **values)
