"""The OpenAI dialect: `POST /api/v1/chat/completions` and `GET /api/v1/models`.

Any client of that API works with an access token as its key; citations are in `message.annotations`,
all of them in `message.context`.
Reference: https://platform.openai.com/docs/api-reference/chat
"""

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from functions.answers import answer_json, answered, whole
from functions.chat_turns import ChatMessage, question_of
from functions.dependencies import Caller, RuntimeOf, ServicesOf
from functions.event_stream import Wire, comment, streamed, unless_gone, written
from functions.limits import Asker
from functions.problems import dialect_problem
from functions.url_citations import annotations
from shared.domain import Answer, AnswerEvent, ContextEvent, DeltaEvent, Question
from shared.errors import NotFound
from shared.query import choice

router = APIRouter(tags=["questions"])


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

    model: str = Field(choice.HOSTS_OWN, max_length=200)
    messages: list[CompletionMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    stream_options: StreamOptions | None = None

    def asked(self) -> Question:
        messages = [ChatMessage(role=each.role, content=each.text()) for each in self.messages]
        return question_of(messages, model=self.model)

    def tells_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


@router.get("/api/v1/models")
async def list_models(_caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """What may write an answer: the host's own model first, then the one that only quotes."""
    return {"object": "list", "data": [_model_json(name) for name in choice.models(services)]}


@router.get("/api/v1/models/{model_id:path}")
async def model(model_id: str, _caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One of them; `rag` is the host's, whichever it is."""
    if model_id not in (choice.HOSTS_OWN, *choice.models(services)):
        raise NotFound("there is no such model")
    return _model_json(model_id)


@router.post("/api/v1/chat/completions")
async def create_completion(
    body: CompletionBody,
    request: Request,
    caller: Asker,
    runtime: RuntimeOf,
) -> Response:
    """One answer, whole or in chunks."""
    request_id, host = request.state.request_id, str(request.base_url)
    events = answered(body.asked(), caller, runtime, request_id=request_id)
    if not body.stream:
        done = await unless_gone(whole(events), request.receive)
        return JSONResponse(_completion(done, body.model, request_id, host))
    lines = wire(request_id, tells_usage=body.tells_usage(), model=body.model, host=host)
    return await streamed(events, request, lines)


def _completion(done: Answer, model: str, request_id: str, host: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": done.text} | _sources(done, request_id, host)
    return _frame("chat.completion", model, request_id) | {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(done),
    }


def wire(request_id: str, *, tells_usage: bool, model: str = choice.HOSTS_OWN, host: str = "") -> Wire:
    """Server-sent events without names: chunks, at the end `[DONE]` or an error. Links begin with `host`."""
    # As OpenAI's: where the usage is asked for, every chunk before it has a null in its place.
    frame = _frame("chat.completion.chunk", model, request_id) | ({"usage": None} if tells_usage else {})

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return _data(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    def event(event: AnswerEvent) -> bytes:
        if isinstance(event, ContextEvent):
            return chunk({"role": "assistant", "content": ""})
        if isinstance(event, DeltaEvent):
            return chunk({"content": event.text})
        last = chunk(_sources(event.answer, request_id, host), "stop")
        if tells_usage:
            last += _data(frame | {"choices": [], "usage": _usage(event.answer)})
        return last + b"data: [DONE]\n\n"

    return Wire(
        media_type="text/event-stream",
        heartbeat=comment("heartbeat"),
        event=event,
        problem=lambda problem: _data(dialect_problem(problem)),
    )


def _model_json(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "rag"}


def _frame(kind: str, model: str, request_id: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request_id}", "object": kind, "created": int(time.time()), "model": model}


def _sources(done: Answer, request_id: str, host: str) -> dict[str, Any]:
    """In the dialect's own way, and all else that an answer tells."""
    context = answer_json(done, request_id)
    del context["answer"]
    return {"annotations": annotations(done, host), "context": context}


def _usage(done: Answer) -> dict[str, int]:
    prompt, completion = done.usage.prompt_tokens, done.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _data(value: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % written(value)
