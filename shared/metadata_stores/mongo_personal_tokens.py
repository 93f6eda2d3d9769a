"""Personal access tokens in MongoDB: the `PersonalTokenStore` part of `MongoMetadataStore`."""

from dataclasses import asdict, fields

from pymongo import IndexModel

from shared.domain import PersonalToken
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, insert, repeatable

PERSONAL_TOKENS_INDEXES = (
    IndexModel([("token_hash", 1)], unique=True),
    IndexModel([("user_id", 1), ("name", 1)], unique=True),
    IndexModel([("expires_at", 1)]),
)
_FIELDS = [field.name for field in fields(PersonalToken) if field.name != "id"]


class MongoPersonalTokens:
    _mongo: MongoDatabase

    async def add_personal_token(self, token: PersonalToken) -> bool:
        row: Row = asdict(token) | {"scopes": sorted(token.scopes)}
        async with self._mongo.calling() as database:
            return await insert(database["personal_tokens"], {"_id": row.pop("id"), **row})

    async def personal_token(self, token_hash: str) -> PersonalToken | None:
        where = {"token_hash": {"$eq": token_hash}}
        async with self._mongo.calling() as database:
            row = await database["personal_tokens"].find_one(where, WITHOUT_WRITES)
            return None if row is None else _to_token(row)

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        async with self._mongo.calling() as database:
            rows = database["personal_tokens"].find(_of(user_id), WITHOUT_WRITES, sort=[("name", 1)])
            return [_to_token(row) for row in await rows.to_list()]

    async def remove_personal_token(self, token_id: str, *, user_id: str) -> bool:
        async with self._mongo.calling() as database:
            tokens, own = database["personal_tokens"], {**by_id(token_id), **_of(user_id)}
            if await tokens.find_one(own, {"_id": True}) is None:
                return False
            await repeatable(lambda: tokens.delete_one(own))
            return True

    async def remove_personal_tokens(self, user_id: str) -> None:
        async with self._mongo.calling() as database:
            await repeatable(lambda: database["personal_tokens"].delete_many(_of(user_id)))

    async def purge_personal_tokens(self, *, before: float) -> int:
        expired = {"expires_at": {"$lt": before}}
        async with self._mongo.calling() as database:
            purged = await repeatable(lambda: database["personal_tokens"].delete_many(expired))
            return purged.deleted_count


def _of(user_id: str) -> Row:
    return {"user_id": {"$eq": user_id}}


def _to_token(row: Row) -> PersonalToken:
    values = {name: row[name] for name in _FIELDS} | {"scopes": frozenset(row["scopes"])}
    return PersonalToken(id=row["_id"], **values)
