"""The Functions host's HTTP side: finds a request's function, fires it, passes the bytes through.

A worker with the capability `HttpUri` gets the request over HTTP, with the invocation's id in a header, and
the route's parameters over gRPC; the host passes its answer on piece by piece. Routes are matched as ASP.NET
Core does: a literal segment goes before a parameter, a parameter before the rest of the path.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

import function_rpc as rpc
import httpx

from tests.worker.functions_host import FunctionsHost

_PARAMETER = re.compile(r"\{(?P<rest>\*?)(?P<name>\w+)\}")


class FrontDoor(httpx.BaseTransport):
    """Put it under an `httpx.Client`. A response's extension `invocation` is the invocation's own result."""

    def __init__(self, host: FunctionsHost, *, route_prefix: str) -> None:
        self._host = host
        self._prefix = route_prefix
        self._connections = httpx.HTTPTransport(retries=6)  # the worker's server may still be starting

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        match = self.match(request.method, path)
        if match is None:
            return httpx.Response(404)
        name, parameters = match
        invocation_id, invocation = self._host.invoke(
            name, rpc.TypedData(http=rpc.RpcHttp(params=parameters))
        )
        worker = httpx.URL(self._host.worker_uri)
        response = self._connections.handle_request(
            httpx.Request(
                request.method,
                worker.copy_with(raw_path=request.url.raw_path),
                headers=[*request.headers.multi_items(), ("x-ms-invocation-id", invocation_id)],
                stream=request.stream,
                extensions=request.extensions,
            )
        )
        response.extensions["invocation"] = invocation
        return response

    def match(self, method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
        """The function that the host would choose and its route parameters."""
        best: tuple[list[int], str, dict[str, str]] | None = None
        for function in self._host.functions.values():
            trigger = function.trigger
            if trigger["type"] != "httpTrigger" or method not in trigger["methods"]:
                continue
            route = "/".join(part for part in (self._prefix, trigger["route"]) if part)
            found = _pattern(route).fullmatch(path)
            rank = [_rank(segment) for segment in route.split("/")]
            if found and (best is None or rank < best[0]):
                best = (rank, function.name, {k: unquote(v) for k, v in found.groupdict().items()})
        return best and best[1:]

    def close(self) -> None:
        self._connections.close()


def _rank(segment: str) -> int:
    parameter = _PARAMETER.search(segment)
    return 0 if parameter is None else 2 if parameter["rest"] else 1


def _pattern(route: str) -> re.Pattern[str]:
    pattern, end = "/", 0
    for parameter in _PARAMETER.finditer(route):
        pattern += re.escape(route[end : parameter.start()])
        pattern += f"(?P<{parameter['name']}>{'.*' if parameter['rest'] else '[^/]+'})"
        end = parameter.end()
    return re.compile(pattern + re.escape(route[end:]) + "/?", re.IGNORECASE)
