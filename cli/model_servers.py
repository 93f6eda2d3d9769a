"""Servers of language models on this machine that speak OpenAI's API. Used by cli.models.

Nobody but this machine is spoken to, and nothing but `GET /v1/models` is asked.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

_PATIENCE = 0.3  # seconds for one server to say what it has
_LONGEST = 1_000_000  # bytes of that
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
USUAL: Mapping[str, str] = {
    "ollama": "http://127.0.0.1:11434/v1",
    "llama.cpp": "http://127.0.0.1:8080/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
}
# By whom a server says its models are owned: not everything on a usual port is what is usually there.
_OWNERS = {
    "library": "Ollama",
    "llamacpp": "llama.cpp",
    "vllm": "vLLM",
    "organization_owner": "LM Studio",
}
# What a name says of a model that does not chat.
_NOT_FOR_CHAT = re.compile(
    r"embed|rerank|whisper|(^|[-_/:])(bge|e5|gte|minilm|tts|clip)([-_/:.]|$)|all-minilm|stable-diffusion",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class ModelServer:
    name: str  # for people
    url: str  # ends in /v1
    models: tuple[str, ...]  # those that chat; at least one


def is_here(url: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


async def find(
    urls: Sequence[str] = tuple(USUAL.values()), *, patience: float = _PATIENCE
) -> list[ModelServer]:
    """Those that answer, in the order of the addresses; all are asked at once. Errors: `ValueError` for an
    address elsewhere."""
    for url in urls:
        if not is_here(url):
            raise ValueError(f"{url} is not on this machine")
    import httpx

    # The settings of proxies are for what is elsewhere.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as client:
        asked = await asyncio.gather(*(_ask(client, url, patience) for url in urls))
    return [server for server in asked if server]


async def _ask(client: "httpx.AsyncClient", url: str, patience: float) -> ModelServer | None:
    """None for what does not answer, or not as such a server does."""
    from httpx import HTTPError, InvalidURL

    try:
        async with asyncio.timeout(patience), client.stream("GET", f"{url}/models") as response:
            if response.status_code != 200:
                return None
            content = b""
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > _LONGEST:
                    return None
        return _server(url, json.loads(content))
    except (TimeoutError, HTTPError, InvalidURL, ValueError, RecursionError):
        return None


def _server(url: str, told: object) -> ModelServer | None:
    if not isinstance(told, dict) or told.get("object") != "list" or not isinstance(told.get("data"), list):
        return None
    models = [each for each in told["data"] if isinstance(each, dict) and isinstance(each.get("id"), str)]
    chatting = [each for each in models if each["id"].isprintable() and not _NOT_FOR_CHAT.search(each["id"])]
    if not chatting:
        return None
    owner = str(chatting[0].get("owned_by"))
    name = _OWNERS.get(owner, f"A model server on port {urlsplit(url).port}")
    return ModelServer(name=name, url=url, models=tuple(each["id"] for each in chatting))
