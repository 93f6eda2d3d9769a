"""The API's description (OpenAPI) as it is served. Used by api.

It is FastAPI's, with what the routes do not tell it: how each operation's answers and problems look.
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from functions import examples
from functions.shapes import MEDIA_TYPES, SHAPES

_REF = "#/components/schemas/"
_ANYWHERE = (400, 431, 503, 504)
_SIGNED_IN = (401, 403, 404, 429)
_CHANGING = (408, 409, 413, 415)
_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_STRING = {"schema": {"type": "string"}}
_TEXT = dict.fromkeys(
    ("*/*", "application/jsonl", "text/markdown", "text/plain"), _STRING
)  # events have members
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token that you have: an access token, or a personal one (`rag_…`).",
}
_FRAMEWORK = ("HTTPValidationError", "ValidationError")
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. The dialects `/api/chat` and `/api/v1` add a member `error`, as theirs do.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:rag:problem:[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "error": {"type": "object"},
    },
    "additionalProperties": False,
}


class DescribedApi(FastAPI):
    def openapi(self) -> dict[str, Any]:
        return self.openapi_schema or _completed(super().openapi())  # which keeps what it has made


def _completed(described: dict[str, Any]) -> dict[str, Any]:
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK:
        schemas.pop(name, None)
    shapes = [(shape, "validation") for shape in dict.fromkeys(SHAPES.values())]
    _, told = models_json_schema(shapes, ref_template=_REF + "{model}")  # type: ignore[arg-type]
    schemas |= told["$defs"] | {"Problem": _PROBLEM}
    described["components"].setdefault("securitySchemes", {})["Token"] = _TOKEN
    for operations in described["paths"].values():
        for method, operation in operations.items():
            if "security" in operation:
                operation["security"].append({"Token": []})
            _tell_answers(operation)
            if "requestBody" in operation:
                [content] = operation["requestBody"]["content"].values()
                content["example"] = examples.REQUESTS[operation["operationId"]]
            _tell_problems(method, operation)
    return described


def _tell_answers(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    answer = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    content: dict[str, Any] = {}
    if name in SHAPES:  # first, as it is what a client gets that says nothing
        content["application/json"] = {"schema": {"$ref": _REF + SHAPES[name].__name__}}
    content |= {media: _TEXT.get(media, {}) for media in MEDIA_TYPES.get(name, ())}
    if content:
        answer["content"] = content
    if name in examples.ANSWERS:
        next(iter(answer["content"].values()))["example"] = examples.ANSWERS[name]
    if name == "ready":
        operation["responses"]["503"] = answer | {"description": "Not ready, and why"}
    if name == "document_content":
        answers = {"206": "The range", "304": "Not modified"}
        operation["responses"] |= {status: answer | {"description": why} for status, why in answers.items()}
        operation["responses"]["304"].pop("content")
        operation["responses"]["416"] = _problem(416)


def _tell_problems(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    is_checked = answers.pop("422", None) is not None
    for status in _statuses(method, is_public="security" not in operation):
        answers.setdefault(str(status), _problem(status))
    if is_checked or "requestBody" in operation:
        answers["422"] = _problem(422)


def _statuses(method: str, *, is_public: bool) -> tuple[int, ...]:
    if method != "get":
        return _ANYWHERE + _SIGNED_IN + _CHANGING  # signing in is refused and counted too
    return _ANYWHERE if is_public else _ANYWHERE + _SIGNED_IN


def _problem(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}},
    }
    if status in _HEADERS:
        answer["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return answer
