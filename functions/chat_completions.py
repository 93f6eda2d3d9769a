"""The OpenAI dialect: `POST /api/v1/chat/completions` and `GET /api/v1/models[/rag]`.

Any client of that API works with an access token as its key; citations are in `message.context`.
Reference: https://platform.openai.com/docs/api-reference/chat
"""

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from functions.answers import answer_json, answered, whole
from functions.chat_turns import ChatMessage, question_of
from functions.dependencies import Caller, RuntimeOf
from functions.event_stream import Wire, comment, streamed, unless_gone, written
from functions.limits import Asker
from functions.problems import dialect_problem
from shared.domain import Answer, AnswerEvent, ContextEvent, DeltaEvent, Question
from shared.errors import NotFound

router = APIRouter(tags=["questions"])

MODEL = "rag"
_MODEL_JSON = {"id": MODEL, "object": "model", "created": 0, "owned_by": "rag"}


class ContentPart(BaseModel):
    type: str
    text: str = Field("", max_length=100_000)


class CompletionMessage(BaseModel):
    role: str = Field(max_length=20)
    content: str | list[ContentPart] | None = Field(None, max_length=100_000)

    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class CompletionBody(BaseModel):
    """Sampling settings and the like are accepted and not used: the service decides them."""

    model_config = ConfigDict(strict=True)

    model: str = Field(MODEL, max_length=200)
    messages: list[CompletionMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    stream_options: StreamOptions | None = None

    def asked(self) -> Question:
        return question_of([ChatMessage(role=each.role, content=each.text()) for each in self.messages])

    def tells_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


@router.get("/api/v1/models")
async def list_models(_caller: Caller) -> dict[str, Any]:
    """The one model there is: answers from the documents."""
    return {"object": "list", "data": [_MODEL_JSON]}


@router.get("/api/v1/models/{model_id}")
async def model(model_id: str, _caller: Caller) -> dict[str, Any]:
    if model_id != MODEL:
        raise NotFound("there is no such model")
    return _MODEL_JSON


@router.post("/api/v1/chat/completions")
async def create_completion(
    body: CompletionBody,
    request: Request,
    caller: Asker,
    runtime: RuntimeOf,
) -> Response:
    """One answer, whole or in chunks."""
    request_id = request.state.request_id
    events = answered(body.asked(), caller, runtime, request_id=request_id)
    if not body.stream:
        return JSONResponse(_completion(await unless_gone(whole(events), request.receive), request_id))
    return await streamed(events, request, wire(request_id, tells_usage=body.tells_usage()))


def _completion(done: Answer, request_id: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": done.text, "context": _context(done, request_id)}
    return _frame("chat.completion", request_id) | {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(done),
    }


def wire(request_id: str, *, tells_usage: bool) -> Wire:
    """Server-sent events without names: chunks, at the end `[DONE]` or an error."""
    # As OpenAI's: where the usage is asked for, every chunk before it has a null in its place.
    frame = _frame("chat.completion.chunk", request_id) | ({"usage": None} if tells_usage else {})

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return _data(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    def event(event: AnswerEvent) -> bytes:
        if isinstance(event, ContextEvent):
            return chunk({"role": "assistant", "content": ""})
        if isinstance(event, DeltaEvent):
            return chunk({"content": event.text})
        last = chunk({"context": _context(event.answer, request_id)}, "stop")
        if tells_usage:
            last += _data(frame | {"choices": [], "usage": _usage(event.answer)})
        return last + b"data: [DONE]\n\n"

    return Wire(
        media_type="text/event-stream",
        heartbeat=comment("heartbeat"),
        event=event,
        problem=lambda problem: _data(dialect_problem(problem)),
    )


def _frame(kind: str, request_id: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request_id}", "object": kind, "created": int(time.time()), "model": MODEL}


def _context(done: Answer, request_id: str) -> dict[str, Any]:
    context = answer_json(done, request_id)
    del context["answer"]
    return context


def _usage(done: Answer) -> dict[str, int]:
    prompt, completion = done.usage.prompt_tokens, done.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _data(value: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % written(value)
