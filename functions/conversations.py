"""The caller's conversations, and what they thought of an answer."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.answers import citation_json
from functions.cursors import cursor, read_cursor
from functions.dependencies import Caller, ServicesOf
from shared.domain import Conversation, Feedback, Turn
from shared.errors import InvalidRequest, NotFound
from shared.query import history
from shared.query.harmless import harmless
from shared.telemetry.audit import audit

router = APIRouter(tags=["conversations"])

_NOT_FOUND = "there is no such conversation"


class Rename(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=200)


class Rating(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conversation_id: str = Field(max_length=100)
    request_id: str = Field(max_length=100)
    rating: Literal["up", "down"]
    comment: str = Field("", max_length=4000)


@router.get("/api/conversations")
async def list_conversations(
    *,
    caller: Caller,
    services: ServicesOf,
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """The newest first, without their turns, a page at a time."""
    found = await services.metadata.list_conversations(
        caller.user_id, limit=limit + 1, after=None if after is None else _read_cursor(after)
    )
    page = found[:limit]
    return {
        "conversations": [_conversation_json(each) for each in page],
        "next": _cursor(page[-1]) if len(found) > limit else None,
    }


@router.delete("/api/conversations", status_code=204)
async def delete_conversations(caller: Caller, services: ServicesOf) -> None:
    """Forget all of them."""
    await services.metadata.delete_conversations(caller.user_id)
    audit("deleted", actor=caller.user_id, reason="all conversations")


@router.get("/api/conversations/{conversation_id}")
async def conversation(conversation_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One conversation with its turns. Of one that cites what the caller may no longer read only the
    question is shown."""
    found = await services.metadata.conversation(conversation_id, caller.user_id)
    if found is None:
        raise NotFound(_NOT_FOUND)
    shown = await history.are_readable(found.turns, caller, services.metadata)
    turns = [
        _turn_json(turn, is_shown, services.limits.link_hosts)
        for turn, is_shown in zip(found.turns, shown, strict=True)
    ]
    return _conversation_json(found) | {"turns": turns}


@router.patch("/api/conversations/{conversation_id}")
async def rename_conversation(
    conversation_id: str, body: Rename, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """Give it another title."""
    if not await services.metadata.rename_conversation(conversation_id, caller.user_id, body.title):
        raise NotFound(_NOT_FOUND)
    return await conversation(conversation_id, caller, services)


@router.delete("/api/conversations/{conversation_id}", status_code=204)
async def delete_conversation(conversation_id: str, caller: Caller, services: ServicesOf) -> None:
    """Forget it."""
    if not await services.metadata.delete_conversation(conversation_id, caller.user_id):
        raise NotFound(_NOT_FOUND)
    audit("deleted", actor=caller.user_id, subject=conversation_id, reason="conversation")


@router.post("/api/feedback", status_code=201)
async def give_feedback(body: Rating, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Say whether an answer was good. A later word on the same answer replaces the earlier one."""
    if await services.metadata.conversation(body.conversation_id, caller.user_id) is None:
        raise NotFound(_NOT_FOUND)
    feedback = Feedback(
        user_id=caller.user_id,
        conversation_id=body.conversation_id,
        request_id=body.request_id,
        rating=body.rating,
        comment=body.comment,
        given_at=time.time(),
    )
    await services.metadata.add_feedback(feedback)
    services.metrics.answer_rated(body.rating)
    return {"rating": body.rating}


def _conversation_json(found: Conversation) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.title,
        "created_at": datetime.fromtimestamp(found.created_at, UTC).isoformat(),
        "updated_at": datetime.fromtimestamp(found.updated_at, UTC).isoformat(),
    }


def _turn_json(turn: Turn, is_shown: bool, link_hosts: frozenset[str]) -> dict[str, Any]:
    return {
        "question": turn.question,
        "answer": harmless(turn.answer, link_hosts) if is_shown else "",
        "citations": [citation_json(citation) for citation in turn.citations] if is_shown else [],
        "withheld": not is_shown,
        "model": turn.model,
        "asked_at": datetime.fromtimestamp(turn.asked_at, UTC).isoformat(),
        "request_id": turn.request_id,
    }


def _cursor(last: Conversation) -> str:
    return cursor(f"{last.updated_at!r} {last.id}")


def _read_cursor(after: str) -> tuple[float, str]:
    """Errors: `InvalidRequest`."""
    updated_at, _, conversation_id = read_cursor(after).partition(" ")
    try:
        return float(updated_at), conversation_id
    except ValueError as error:
        raise InvalidRequest("`after` is the `next` of an earlier page") from error
