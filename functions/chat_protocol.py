"""Microsoft's AI Chat Protocol: `POST /api/chat` (JSON) and `POST /api/chat/stream` (JSON lines).

`sessionState` carries the conversation's id: a client that sends it back continues the conversation.
Protocol: https://github.com/microsoft/ai-chat-protocol (version 2024-05-29).
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from functions.answers import answer_json, answered, context_json, whole
from functions.chat_turns import ChatMessage, question_of
from functions.dependencies import RuntimeOf
from functions.event_stream import Wire, streamed, unless_gone, written
from functions.limits import Asker
from functions.problems import dialect_problem
from shared.domain import AnswerEvent, ContextEvent, DeltaEvent, Question

router = APIRouter(tags=["questions"])


class ProtocolMessage(BaseModel):
    role: str = Field(max_length=20)
    content: str = Field(max_length=100_000)


class ProtocolContext(BaseModel):
    """What else a client puts there is accepted and not used."""

    model: str | None = Field(None, max_length=200)


class ProtocolBody(BaseModel):
    """What else the protocol lets a client send is accepted and not used."""

    messages: list[ProtocolMessage] = Field(min_length=1, max_length=200)
    session_state: str | None = Field(None, alias="sessionState", max_length=100)
    context: ProtocolContext | None = None

    def asked(self) -> Question:
        messages = [ChatMessage(role=each.role, content=each.content) for each in self.messages]
        model = self.context.model if self.context else None
        return question_of(messages, self.session_state, model=model)


@router.post("/api/chat")
async def chat(
    body: ProtocolBody,
    request: Request,
    caller: Asker,
    runtime: RuntimeOf,
) -> dict[str, Any]:
    """One answer; the citations are in `message.context`."""
    request_id = request.state.request_id
    events = answered(body.asked(), caller, runtime, request_id=request_id)
    done = answer_json(await unless_gone(whole(events), request.receive), request_id)
    return {
        "message": {"role": "assistant", "content": done.pop("answer"), "context": done},
        "sessionState": done["conversation_id"],
    }


@router.post("/api/chat/stream")
async def chat_stream(
    body: ProtocolBody,
    request: Request,
    caller: Asker,
    runtime: RuntimeOf,
) -> StreamingResponse:
    """The answer as deltas, a JSON object a line; the last one carries the citations, or is an error."""
    asked, request_id = body.asked(), request.state.request_id
    events = answered(asked, caller, runtime, request_id=request_id)
    return await streamed(events, request, wire(asked.text, request_id))


def wire(question: str, request_id: str) -> Wire:
    """JSON lines. An empty one is the heartbeat: the protocol's own client skips it."""
    return Wire(
        media_type="application/jsonl",
        heartbeat=b"\n",
        event=lambda event: _line(_delta(event, question, request_id)),
        problem=lambda problem: _line(dialect_problem(problem)),
    )


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
    return written(value) + b"\n"
