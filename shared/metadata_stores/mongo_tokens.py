"""Refresh tokens in MongoDB: a part of the `UserStore` of `MongoMetadataStore`.

Whether a token is revoked is a fact of its family, which has a document of its own: one write there
ends all its links at once, also one that is being added at this moment. Both expire by TTL indexes.
"""

from dataclasses import replace
from datetime import UTC, datetime

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from shared.domain import RefreshToken, Session
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert, repeatable

_EXPIRY = IndexModel([("expires_on", 1)], expireAfterSeconds=0)
TOKENS_INDEXES = (_EXPIRY, IndexModel([("expires_at", 1)]))
FAMILIES_INDEXES = (_EXPIRY, IndexModel([("user_id", 1)]), IndexModel([("expires_at", 1)]))


class MongoTokens:
    _mongo: MongoDatabase

    async def add_refresh_token(self, token: RefreshToken) -> bool:
        expiry = _expiry(token)
        row = {
            "_id": token.token_hash,
            "family_id": token.family_id,
            "user_id": token.user_id,
            "issued_at": token.issued_at,
            "rotated_at": token.rotated_at,
            "began_at": token.began_at,
            "client": token.client,
            **expiry,
        }
        async with self._mongo.calling() as database:
            return await _join_family(database, token, expiry) and await insert(
                database["refresh_tokens"], row
            )

    async def refresh_token(self, token_hash: str) -> RefreshToken | None:
        async with self._mongo.calling() as database:
            return await _find_token(database, token_hash)

    async def claim_refresh_token(self, token_hash: str, *, now: float) -> RefreshToken | None:
        unclaimed = {**by_id(token_hash), "rotated_at": None, "expires_at": {"$gt": now}}
        async with self._mongo.calling() as database:
            before = await _find_token(database, token_hash)
            if before is None or before.revoked_at is not None:
                return before
            if await change(database["refresh_tokens"], unclaimed, {"$set": {"rotated_at": now}}):
                return replace(before, rotated_at=None)
            return await _find_token(database, token_hash)

    async def revoke_family(self, family_id: str, *, now: float) -> None:
        await self._revoke(by_id(family_id), now)

    async def revoke_user_tokens(self, user_id: str, *, now: float, spare: str | None = None) -> None:
        await self._revoke({"user_id": {"$eq": user_id}, "_id": {"$ne": spare}}, now)

    async def family_is_live(self, family_id: str, *, now: float) -> bool:
        where = {**by_id(family_id), "revoked_at": None, "expires_at": {"$gt": now}}
        async with self._mongo.calling() as database:
            return await database["token_families"].find_one(where, {"_id": True}) is not None

    async def sessions(self, user_id: str, *, now: float) -> list[Session]:
        where = {"user_id": {"$eq": user_id}, "revoked_at": None, "expires_at": {"$gt": now}}
        async with self._mongo.calling() as database:
            found = await database["token_families"].find(where, WITHOUT_WRITES).to_list()
        return sorted(map(_to_session, found), key=lambda session: (-session.used_at, session.id))

    async def purge_refresh_tokens(self, *, before: float) -> int:
        expired = {"expires_at": {"$lt": before}}
        async with self._mongo.calling() as database:
            tokens = await repeatable(lambda: database["refresh_tokens"].delete_many(expired))
            await repeatable(lambda: database["token_families"].delete_many(expired))
            return tokens.deleted_count

    async def _revoke(self, families: Row, now: float) -> None:
        unrevoked = {**families, "revoked_at": None}
        update = {"$set": {"revoked_at": now}}
        async with self._mongo.calling() as database:
            await repeatable(lambda: database["token_families"].update_many(unrevoked, update))


async def _join_family(database: AsyncDatabase[Row], token: RefreshToken, expiry: Row) -> bool:
    """Make the family, or let it live as long as this link; False if it is revoked."""
    families, same = database["token_families"], by_id(token.family_id)
    began = {"began_at": token.issued_at if token.began_at is None else token.began_at}
    used = {"used_at": token.issued_at, **expiry}
    new = {
        "_id": token.family_id,
        "user_id": token.user_id,
        "revoked_at": token.revoked_at,
        "client": token.client,
        **began,
        **used,
    }
    while True:
        if await change(families, {**same, "revoked_at": None}, {"$min": began, "$max": used}):
            return True
        if await insert(families, new):
            return True
        if await families.find_one({**same, "revoked_at": {"$ne": None}}, {"_id": True}):
            return False


async def _find_token(database: AsyncDatabase[Row], token_hash: str) -> RefreshToken | None:
    # The family is read last: what is revoked after that is revoked after this call.
    row = await database["refresh_tokens"].find_one(by_id(token_hash), WITHOUT_WRITES)
    family = row and await database["token_families"].find_one(by_id(row["family_id"]), WITHOUT_WRITES)
    if row is None or family is None:
        return None
    return RefreshToken(
        token_hash=row["_id"],
        family_id=row["family_id"],
        user_id=row["user_id"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        rotated_at=row["rotated_at"],
        revoked_at=family["revoked_at"],
        began_at=row.get("began_at"),  # not there in what older versions stored
        client=row.get("client", ""),
    )


def _to_session(family: Row) -> Session:
    return Session(
        id=family["_id"],
        began_at=family.get("began_at", 0.0),
        used_at=family.get("used_at", 0.0),
        expires_at=family["expires_at"],
        client=family.get("client", ""),
    )


def _expiry(token: RefreshToken) -> Row:
    """Exact for our own comparisons, and as the date that TTL indexes need."""
    return {
        "expires_at": token.expires_at,
        "expires_on": datetime.fromtimestamp(token.expires_at, UTC),
    }
