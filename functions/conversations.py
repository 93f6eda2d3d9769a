"""The caller's conversations, and what they thought of an answer."""

import time
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.answers import citation_json
from functions.dependencies import Caller, ServicesOf
from shared.domain import Conversation, Feedback, Turn
from shared.errors import NotFound

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
async def list_conversations(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """The newest hundred, without their turns."""
    conversations = await services.metadata.list_conversations(caller.user_id)
    return {"conversations": [_conversation_json(each) for each in conversations]}


@router.get("/api/conversations/{conversation_id}")
async def conversation(conversation_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One conversation with its turns."""
    found = await services.metadata.conversation(conversation_id, caller.user_id)
    if found is None:
        raise NotFound(_NOT_FOUND)
    return _conversation_json(found) | {"turns": [_turn_json(turn) for turn in found.turns]}


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
    return {"rating": body.rating}


def _conversation_json(found: Conversation) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.title,
        "created_at": datetime.fromtimestamp(found.created_at, UTC).isoformat(),
        "updated_at": datetime.fromtimestamp(found.updated_at, UTC).isoformat(),
    }


def _turn_json(turn: Turn) -> dict[str, Any]:
    return {
        "question": turn.question,
        "answer": turn.answer,
        "citations": [citation_json(citation) for citation in turn.citations],
        "asked_at": datetime.fromtimestamp(turn.asked_at, UTC).isoformat(),
        "request_id": turn.request_id,
    }
