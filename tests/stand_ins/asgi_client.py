"""An HTTP client of any ASGI app."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
API_PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
PUBLIC = {
    *("register", "create_token", "revoke_token", "jwks", "live", "ready", "metrics", "openapi"),
    *("home", "chat_page", "web_file"),
}
BODIES = {
    "query": {"question": "?"},
    "search": {"question": "?"},
    "chat": {"messages": [{"role": "user", "content": "?"}]},
    "chat_stream": {"messages": [{"role": "user", "content": "?"}]},
    "create_completion": {"messages": [{"role": "user", "content": "?"}]},
    "rename_conversation": {"title": "t"},
    "give_feedback": {"conversation_id": "c", "request_id": "r", "rating": "up"},
    "create_upload": {"name": "a", "size": 1},
    "update_document": {"readers": []},
}


def over(api: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test")
