"""The OpenAI dialect: `POST /api/v1/chat/completions` and `GET /api/v1/models`.

Any client of that API works with an access token as its key; citations are in `message.context`.
Reference: https://platform.openai.com/docs/api-reference/chat
"""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from functions.answers import answer_json, answered, whole
from functions.chat_turns import ChatMessage, question_of
from functions.dependencies import Caller, RuntimeOf
from functions.problems import problem_json
from shared.domain import Answer, AnswerEvent, DeltaEvent, DoneEvent, Question

router = APIRouter()

MODEL = "rag"


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
    include_usage: bool = False


class CompletionBody(BaseModel):
    """Sampling settings and the like are accepted and not used: the service decides them."""

    model: str = Field(MODEL, max_length=200)
    messages: list[CompletionMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()

    def asked(self) -> Question:
        return question_of([ChatMessage(role=each.role, content=each.text()) for each in self.messages])


@router.get("/api/v1/models")
async def list_models(_caller: Caller) -> dict[str, Any]:
    """The one model there is: answers from the documents."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "rag"}]}


@router.post("/api/v1/chat/completions")
async def create_completion(
    body: CompletionBody,
    request: Request,
    caller: Caller,
    runtime: RuntimeOf,
) -> Response:
    """One answer, whole or in chunks."""
    request_id = request.state.request_id
    events = answered(body.asked(), caller, runtime, request_id=request_id)
    if not body.stream:
        return JSONResponse(_completion(await whole(events), request_id))
    await anext(events)  # retrieval: what fails before the first event is an ordinary problem response
    return StreamingResponse(
        _chunks(events, request_id, include_usage=body.stream_options.include_usage),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _completion(done: Answer, request_id: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": done.text, "context": _context(done, request_id)}
    return {
        "id": f"chatcmpl-{request_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(done),
    }


async def _chunks(
    events: AsyncGenerator[AnswerEvent, None], request_id: str, *, include_usage: bool
) -> AsyncGenerator[bytes, None]:
    created = int(time.time())

    def chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
        return _data(
            {
                "id": f"chatcmpl-{request_id}",
                "object": "chat.completion.chunk",
                "created": created,
                "model": MODEL,
                "choices": choices,
                **more,
            }
        )

    yield chunk([_choice({"role": "assistant", "content": ""})])
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, DeltaEvent):
                    yield chunk([_choice({"content": event.text})])
                elif isinstance(event, DoneEvent):
                    yield chunk([_choice({"context": _context(event.answer, request_id)}, "stop")])
                    if include_usage:
                        yield chunk([], usage=_usage(event.answer))
        yield b"data: [DONE]\n\n"
    except Exception as error:  # noqa: BLE001  the edge: the status line is long gone
        problem = problem_json(error, request_id)
        yield _data(
            {"error": {"message": problem["detail"], "type": problem["type"], "code": problem["status"]}}
        )


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _context(done: Answer, request_id: str) -> dict[str, Any]:
    context = answer_json(done, request_id)
    del context["answer"]
    return context


def _usage(done: Answer) -> dict[str, int]:
    prompt, completion = done.usage.prompt_tokens, done.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _data(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
