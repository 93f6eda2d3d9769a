"""An HTTP client of any ASGI app."""

from typing import Any

import httpx


def over(api: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test")
