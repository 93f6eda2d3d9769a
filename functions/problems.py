"""Errors as `application/problem+json` (RFC 9457). Registered by api; query puts one at a stream's end."""

import logging
import math
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared import errors
from shared.telemetry.audit import audit
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_STATUS: dict[type[errors.RagError], int] = {
    errors.InvalidRequest: 400,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.NotAuthenticated: 401,
    errors.AccessDenied: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.RateLimited: 429,
    errors.BackendUnavailable: 503,
    errors.BackendTimeout: 504,
}
# What the framework refuses by itself has the same type as our own error of that status.
_NAMES = {status: error.__name__ for error, status in _STATUS.items()} | {
    405: "MethodNotAllowed",
    416: "RangeNotSatisfiable",
    422: "InvalidRequest",
}
# What the audit trail is told of. Ids that are not the caller's are answered as missing ones are.
_REFUSALS = (errors.NotAuthenticated, errors.AccessDenied, errors.NotFound)
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")
_INTERNAL = "something went wrong here; the log has it under this request_id"
# Microsoft's AI Chat Protocol and OpenAI's API: their clients look for a member `error`.
_DIALECTS = ("/api/chat", "/api/v1/")
_MOST_FAULTS = 5
_MOST_CHARACTERS = 120


def handle_errors(api: FastAPI) -> None:
    """Give every error of the API its problem answer."""
    api.add_exception_handler(errors.RagError, _respond)
    api.add_exception_handler(RequestValidationError, _respond)
    api.add_exception_handler(HTTPException, _respond)


def problem_json(error: Exception, request_id: str) -> dict[str, Any]:
    """The problem object. What is not one of ours is logged and stays behind."""
    status, name = _status_and_name(error)
    if status >= 500:
        _log(error, status, request_id)
    return {
        "type": f"urn:rag:problem:{_kebab(name)}",
        "title": "Invalid Request" if status == 422 else HTTPStatus(status).phrase,
        "status": status,
        "detail": _detail(error),
        "request_id": request_id,
    }


def dialect_problem(problem: dict[str, Any]) -> dict[str, Any]:
    """The problem object as the clients of the foreign dialects understand it too."""
    code = problem["type"].rpartition(":")[2]
    told = {"code": code, "type": problem["type"], "message": problem["detail"], "param": None}
    return problem | {"error": told}


def problem_response(error: Exception, request_id: str, path: str) -> JSONResponse:
    """`path` is the request's: each dialect is told of errors in its own way."""
    problem = problem_json(error, request_id)
    if path.startswith(_DIALECTS):
        problem = dialect_problem(problem)
    return JSONResponse(
        problem, problem["status"], headers=_headers(error), media_type="application/problem+json"
    )


async def _respond(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, _REFUSALS):
        _audit_refusal(request, error)
    response = problem_response(error, request.state.request_id, request.url.path)
    if response.status_code == 405:
        response.headers["Allow"] = _allowed(request)
    return response


def _audit_refusal(request: Request, error: Exception) -> None:
    """The route and the ids in it. What else stands in a path is kept back: a file's name, and whatever was
    put where an id belongs, which may be a token."""
    ids = [value for value in request.path_params.values() if _ID.fullmatch(value)]
    route = getattr(request.scope.get("route"), "path", "")
    audit(
        "refused",
        actor=getattr(request.state, "actor", ""),
        subject=" ".join([request.method, route, *ids]),
        outcome="refused",
        reason=_kebab(_status_and_name(error)[1]),
    )


def _status_and_name(error: Exception) -> tuple[int, str]:
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind], kind.__name__
    if isinstance(error, RequestValidationError):
        return 422, _NAMES[422]
    if isinstance(error, HTTPException):
        return error.status_code, _NAMES.get(error.status_code, HTTPStatus(error.status_code).name)
    return 500, "InternalError"


def _detail(error: Exception) -> str:
    if isinstance(error, RequestValidationError):
        return _faults(error)
    if isinstance(error, HTTPException):
        return str(error.detail)
    status, _ = _status_and_name(error)
    return _INTERNAL if status == 500 else str(error)


def _faults(error: RequestValidationError) -> str:
    """Where and why, never what was sent."""
    faults = error.errors()
    told = [
        f"{'.'.join(map(str, fault['loc']))[:_MOST_CHARACTERS]}: {fault['msg'][:_MOST_CHARACTERS]}"
        for fault in faults[:_MOST_FAULTS]
    ]
    more = len(faults) - _MOST_FAULTS
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def _allowed(request: Request) -> str:
    """The methods of all routes of this path, as RFC 9110 §10.2.1 asks; the router tells the first one's."""
    routes = (route for route in request.app.routes if route.path_regex.match(request.url.path))
    return ", ".join(sorted({method for route in routes for method in route.methods}))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    if isinstance(error, errors.NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, errors.RateLimited | errors.BackendUnavailable):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    return {}


def _log(error: Exception, status: int, request_id: str) -> None:
    if status == 500:
        event(log, "request_failed", level=logging.ERROR, error=error, request_id=request_id)
    else:
        event(log, "backend_failed", level=logging.WARNING, request_id=request_id, reason=str(error))


def _kebab(name: str) -> str:
    if name.isupper():  # a standard status: METHOD_NOT_ALLOWED
        return name.lower().replace("_", "-")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
