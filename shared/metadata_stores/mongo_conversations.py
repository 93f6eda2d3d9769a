"""Conversations and feedback in MongoDB: the `ConversationStore` part of `MongoMetadataStore`.

A conversation holds its turns: their number is limited, and so one update appends and forgets.
"""

from dataclasses import asdict

from pymongo import IndexModel

from shared.domain import Conversation, Feedback, Turn
from shared.metadata_stores.base_conversations import to_turn
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert, repeatable

_NEWEST_FIRST = [("updated_at", -1), ("_id", 1)]
CONVERSATIONS_INDEXES = (IndexModel([("user_id", 1), *_NEWEST_FIRST]), IndexModel(_NEWEST_FIRST))


class MongoConversations:
    _mongo: MongoDatabase

    async def add_turn(
        self, conversation_id: str, user_id: str, turn: Turn, *, title: str, max_turns: int
    ) -> bool:
        row = asdict(turn)
        append = {
            "$push": {"turns": {"$each": [row], "$slice": -max_turns}},
            "$max": {"updated_at": turn.asked_at},
        }
        new = {
            "_id": conversation_id,
            "user_id": user_id,
            "title": title,
            "created_at": turn.asked_at,
            "updated_at": turn.asked_at,
            "turns": [row],
        }
        async with self._mongo.calling() as database:
            conversations = database["conversations"]
            while True:
                if await change(conversations, _own(conversation_id, user_id), append):
                    return True
                if await insert(conversations, new):
                    return True
                held = await conversations.find_one(by_id(conversation_id), {"user_id": True})
                if held is not None and held["user_id"] != user_id:
                    return False

    async def conversation(self, conversation_id: str, user_id: str) -> Conversation | None:
        async with self._mongo.calling() as database:
            row = await database["conversations"].find_one(_own(conversation_id, user_id), WITHOUT_WRITES)
            return None if row is None else _to_conversation(row)

    async def list_conversations(
        self, user_id: str, *, limit: int = 100, after: tuple[float, str] | None = None
    ) -> list[Conversation]:
        async with self._mongo.calling() as database:
            found = database["conversations"].find(
                {"user_id": {"$eq": user_id}, **_after(after)},
                {**WITHOUT_WRITES, "turns": False},
                sort=_NEWEST_FIRST,
                limit=limit,
                batch_size=limit,
            )
            return [_to_conversation(row) for row in await found.to_list()]

    async def rename_conversation(self, conversation_id: str, user_id: str, title: str) -> bool:
        async with self._mongo.calling() as database:
            where = _own(conversation_id, user_id)
            return await change(database["conversations"], where, {"$set": {"title": title}}) is not None

    async def delete_conversation(self, conversation_id: str, user_id: str) -> bool:
        async with self._mongo.calling() as database:
            conversations, own = database["conversations"], _own(conversation_id, user_id)
            if await conversations.find_one(own, {"_id": True}) is None:
                return False
            await repeatable(lambda: conversations.delete_one(own))
            return True

    async def delete_conversations(self, user_id: str) -> None:
        async with self._mongo.calling() as database:
            conversations = database["conversations"]
            await repeatable(lambda: conversations.delete_many({"user_id": {"$eq": user_id}}))

    async def add_feedback(self, feedback: Feedback) -> None:
        values = asdict(feedback)
        of = {key: values.pop(key) for key in ("user_id", "conversation_id", "request_id")}
        async with self._mongo.calling() as database:
            given = database["feedback"]
            while not (
                await change(given, by_id(of), {"$set": values}) or await insert(given, {"_id": of, **values})
            ):
                pass  # somebody inserted it between the two: there is one to change now

    async def cited_turns(self, *, limit: int) -> list[Turn]:
        newest: list[Turn] = []
        async with self._mongo.calling() as database:
            found = database["conversations"].find(
                {"turns.citations.0": {"$exists": True}}, WITHOUT_WRITES, sort=_NEWEST_FIRST, batch_size=50
            )
            async with found:
                async for row in found:
                    if len(newest) >= limit and newest[-1].asked_at >= row["updated_at"]:
                        break  # from here on no conversation has a newer turn
                    newest += [turn for turn in _to_conversation(row).turns if turn.citations]
                    newest = sorted(newest, key=lambda turn: turn.asked_at, reverse=True)[:limit]
        return newest


def _own(conversation_id: str, user_id: str) -> Row:
    return {**by_id(conversation_id), "user_id": {"$eq": user_id}}


def _after(last: tuple[float, str] | None) -> Row:
    """What comes behind it in `_NEWEST_FIRST`."""
    if last is None:
        return {}
    updated_at, conversation_id = last
    same_moment = {"updated_at": {"$eq": updated_at}, "_id": {"$gt": conversation_id}}
    return {"$or": [{"updated_at": {"$lt": updated_at}}, same_moment]}


def _to_conversation(row: Row) -> Conversation:
    return Conversation(
        id=row["_id"],
        user_id=row["user_id"],
        title=row["title"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        turns=tuple(to_turn(turn) for turn in row.get("turns", ())),
    )
