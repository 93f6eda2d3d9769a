"""The API's routes as HTTP-triggered functions. Called by `function_app.py`.

Under the Functions host the Python worker runs an HTTP server of its own, hands each request to the
function that the host has chosen, and then lets the `Response` that the function returns send itself.
The function returns an `ApiResponse`, and sending itself means: run the API on this very connection.
So nothing is copied or buffered in between. The server's flow control reaches the API's generators, a
client's disconnect reaches the API (which cancels streams), status, duplicate headers, HEAD, 204, 304
and background tasks are the API's own affair, as they are under the standalone host.
"""

import asyncio
import contextvars
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import azure.functions as func
from azurefunctions.extensions.http.fastapi import Request, Response
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.responses import Response as HttpResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import ConfigError
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

# What a server tells of a request. The worker's own application has added its router, route and path
# parameters to the scope: with those inside, the API would take itself for a part of it.
_SERVER_KEYS = frozenset(
    {"type", "asgi", "http_version", "server", "client", "scheme", "method", "path", "raw_path"}
    | {"query_string", "headers", "extensions"}
)
_WORKER_MODULES = ("azure_functions_runtime.http_v2", "azure_functions_worker.http_v2")


@dataclass(frozen=True, kw_only=True)
class HttpFunction:
    """One function with an HTTP trigger, as the Functions host routes to it."""

    name: str
    route: str  # in the host's syntax, without a slash in front
    methods: tuple[str, ...]


class ApiResponse(HttpResponse):
    """A response that lets the API answer the request it is sent for."""

    def __init__(self, api: ASGIApp) -> None:
        super().__init__()
        self._api = api
        # The invocation's: logs and spans of the API then carry its id and trace.
        self._context = contextvars.copy_context()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _forget_invocation(scope)
        request = {key: value for key, value in scope.items() if key in _SERVER_KEYS} | {"root_path": ""}
        await asyncio.create_task(self._answer(request, receive, send), context=self._context)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_complete = False

        async def send_and_watch(message: Message) -> None:
            nonlocal is_complete
            await send(message)
            is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._api(scope, receive, send_and_watch)
        except Exception as error:
            if not is_complete:
                raise
            # The server would close the connection, under the next request that the host sends on it.
            event(log, "failed_after_answer", level=logging.ERROR, error=error)


def http_functions(api: FastAPI) -> Iterator[HttpFunction]:
    """One per route of the API, named after the operation. Errors: `ConfigError`."""
    for route in iter_route_contexts(api.routes):
        if not (route.name and route.path and route.methods):
            raise ConfigError(f"the route {route.path} has no name or no methods: it cannot be a function")
        yield HttpFunction(
            name=route.name,
            route=re.sub(r"\{(\w+):path\}", r"{*\1}", route.path).removeprefix("/"),
            methods=tuple(sorted(route.methods)),
        )


def register_api(app: func.FunctionApp, api: FastAPI) -> None:
    """Register an HTTP-triggered function for every route of the API."""

    # The worker indexes a function by these annotations; they must be its extension's own types.
    async def handle(req: Request) -> Response:  # noqa: ARG001 (the API reads the connection itself)
        return ApiResponse(api)

    for function in http_functions(api):
        trigger = app.route(route=function.route, methods=function.methods)
        app.function_name(function.name)(trigger(handle))


def _forget_invocation(scope: Scope) -> None:
    """Drop the entry that the worker made for this request and would keep for ever.

    The worker has taken the response out of it by now and does not look again.
    """
    invocation_id = dict(scope["headers"]).get(b"x-ms-invocation-id", b"").decode("latin-1")
    for name in _WORKER_MODULES:
        coordinator = getattr(sys.modules.get(name), "http_coordinator", None)
        getattr(coordinator, "_context_references", {}).pop(invocation_id, None)
