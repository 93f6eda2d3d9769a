"""The API of a host that is about to end. Put around it by the host; a signal begins it.

Whoever sends requests here is to go elsewhere before the listener closes: health checks by what they are
told, connections that are kept alive by ending with their next answer.
"""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.security_headers import ANSWER_HEADERS, NOT_STORED

_READY = "/api/health/ready"
_LAST = (b"connection", b"close")


class Draining:
    """Nothing of it is noticed until `begin`."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api
        self._has_begun = False

    def begin(self) -> None:
        self._has_begun = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._has_begun or scope["type"] != "http":
            await self._api(scope, receive, send)
            return

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _LAST]
            await send(message)

        await (_not_ready() if scope["path"] == _READY else self._api)(scope, receive, send_last)


def _not_ready() -> JSONResponse:
    """As the API tells why it is not."""
    headers = {**ANSWER_HEADERS, NOT_STORED[0]: NOT_STORED[1]}
    return JSONResponse({"status": "draining", "checks": {}}, 503, headers)
