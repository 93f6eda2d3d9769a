"""Usage in MongoDB: the `UsageStore` part of `MongoMetadataStore`. A document per day, user and model."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from pymongo import IndexModel

from shared.domain import DailyUsage, Spent
from shared.errors import BackendUnavailable
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert

USAGE_INDEXES = (IndexModel([("day", 1)]), IndexModel([("user_id", 1), ("day", 1)]))
_SUMS: Row = {field.name: {"$sum": f"${field.name}"} for field in fields(Spent)}


class MongoUsage:
    _mongo: MongoDatabase

    async def add_usage(self, usages: Sequence[DailyUsage]) -> int:
        added = 0
        try:
            async with self._mongo.calling() as database:
                for each in usages:
                    of = {"day": each.day, "user_id": each.user_id, "model": each.model}
                    spent = asdict(each.spent)
                    while not (
                        await change(database["usage"], by_id(of), {"$inc": spent})
                        or await insert(database["usage"], {"_id": of, **of, **spent})
                    ):
                        pass  # somebody inserted it between the two: there is one to add to now
                    added += 1
        except BackendUnavailable:
            if not added:
                raise
        return added

    async def usage(self, user_id: str, *, first_day: str, last_day: str) -> list[DailyUsage]:
        where: Row = {"user_id": {"$eq": user_id}, "day": {"$gte": first_day, "$lte": last_day}}
        async with self._mongo.calling() as database:
            found = database["usage"].find(where, WITHOUT_WRITES, sort=[("day", 1), ("model", 1)])
            return [
                DailyUsage(user_id=user_id, day=row["day"], model=row["model"], spent=_to_spent(row))
                for row in await found.to_list()
            ]

    async def usage_by_user(self, *, first_day: str, last_day: str) -> dict[str, Spent]:
        found = await self._sums({"$gte": first_day, "$lte": last_day}, "$user_id")
        return {row["_id"]: _to_spent(row) for row in found}

    async def usage_by_day(self, *, first_day: str, last_day: str) -> dict[tuple[str, str], Spent]:
        by = {"day": "$day", "model": "$model"}
        found = await self._sums({"$gte": first_day, "$lte": last_day}, by)
        spent = {(row["_id"]["day"], row["_id"]["model"]): _to_spent(row) for row in found}
        return dict(sorted(spent.items()))

    async def tokens_used(self, day: str) -> int:
        return sum(_to_spent(row).tokens for row in await self._sums({"$eq": day}, None))

    async def _sums(self, days: Row, by: Row | str | None) -> list[Row]:
        async with self._mongo.calling() as database:
            summing = await database["usage"].aggregate(
                [{"$match": {"day": days}}, {"$group": {"_id": by, **_SUMS}}]
            )
            return await summing.to_list()


def _to_spent(row: Row) -> Spent:
    return Spent(**{name: row[name] for name in _SUMS})
