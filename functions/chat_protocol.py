"""Microsoft's AI Chat Protocol: `POST /api/chat` (JSON) and `POST /api/chat/stream` (JSON lines).

`sessionState` carries the conversation's id: a client that sends it back continues the conversation.
Protocol: https://github.com/microsoft/ai-chat-protocol (version 2024-05-29).
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from functions.answers import answer_json, answered, context_json, whole
from functions.chat_turns import ChatMessage, question_of
from functions.dependencies import Caller, RuntimeOf
from functions.problems import problem_json
from shared.domain import AnswerEvent, ContextEvent, DeltaEvent, Question

router = APIRouter()


class ProtocolMessage(BaseModel):
    role: str = Field(max_length=20)
    content: str = Field(max_length=100_000)


class ProtocolBody(BaseModel):
    """`context` and what else the protocol lets a client send is accepted and not used."""

    messages: list[ProtocolMessage] = Field(min_length=1, max_length=200)
    session_state: str | None = Field(None, alias="sessionState", max_length=100)

    def asked(self) -> Question:
        messages = [ChatMessage(role=each.role, content=each.content) for each in self.messages]
        return question_of(messages, self.session_state)


@router.post("/api/chat")
async def chat(
    body: ProtocolBody,
    request: Request,
    caller: Caller,
    runtime: RuntimeOf,
) -> dict[str, Any]:
    """One answer; the citations are in `message.context`."""
    request_id = request.state.request_id
    done = answer_json(
        await whole(answered(body.asked(), caller, runtime, request_id=request_id)), request_id
    )
    return {
        "message": {"role": "assistant", "content": done.pop("answer"), "context": done},
        "sessionState": done["conversation_id"],
    }


@router.post("/api/chat/stream")
async def chat_stream(
    body: ProtocolBody,
    request: Request,
    caller: Caller,
    runtime: RuntimeOf,
) -> StreamingResponse:
    """The answer as deltas, a JSON object a line; the last one carries the citations."""
    asked, request_id = body.asked(), request.state.request_id
    events = answered(asked, caller, runtime, request_id=request_id)
    context = await anext(events)
    return StreamingResponse(
        _lines(context, events, asked.text, request_id),
        media_type="application/jsonl",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(
    context: AnswerEvent, events: AsyncGenerator[AnswerEvent, None], question: str, request_id: str
) -> AsyncGenerator[bytes, None]:
    yield _line(_delta(context, question, request_id))
    try:
        async with aclosing(events):
            async for event in events:
                yield _line(_delta(event, question, request_id))
    except Exception as error:  # noqa: BLE001  the edge: the status line is long gone
        problem = problem_json(error, request_id)
        yield _line({"error": {"code": problem["type"], "message": problem["detail"]}})


def _delta(event: AnswerEvent, question: str, request_id: str) -> dict[str, Any]:
    if isinstance(event, DeltaEvent):
        return {"delta": {"content": event.text}}
    if isinstance(event, ContextEvent):
        found = context_json(event, question)
        return {
            "delta": {"role": "assistant", "context": {"passages": found["passages"]}},
            "sessionState": found["conversation_id"],
        }
    done = answer_json(event.answer, request_id)
    del done["answer"]
    return {"delta": {"context": done}, "sessionState": done["conversation_id"]}


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
