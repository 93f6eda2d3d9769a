"""Answers of the host itself to what never reaches the API, in the API's form. Used by web, http_protocol."""

from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

from starlette.responses import JSONResponse

from shared.security_headers import ANSWER_HEADERS, NOT_STORED

_NAMES = {HTTPStatus.BAD_REQUEST: "invalid-request"}


def refusal(status: HTTPStatus, why: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    request_id = str(uuid4())
    problem = {
        "type": f"urn:rag:problem:{_NAMES.get(status, status.phrase.lower().replace(' ', '-'))}",
        "title": status.phrase,
        "status": status.value,
        "detail": why,
        "request_id": request_id,
    }
    own = {**ANSWER_HEADERS, NOT_STORED[0]: NOT_STORED[1], "x-request-id": request_id}
    return JSONResponse(problem, status, {**(headers or {}), **own}, "application/problem+json")
