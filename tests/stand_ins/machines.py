"""Machines that call the API with a personal access token that somebody has made for them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from fastapi import FastAPI

Machine = Callable[..., Awaitable[httpx.AsyncClient]]
TOKENS = "/api/auth/tokens"


def wish(name: str = "ci", *scopes: str, days: int = 30) -> dict[str, Any]:
    """The body that asks for a token."""
    return {"name": name, "scopes": list(scopes or ("query",)), "expires_in_days": days}


async def made(owner: httpx.AsyncClient, name: str = "ci", *scopes: str) -> dict[str, Any]:
    """A new token of the owner's, as it is shown this once."""
    response = await owner.post(TOKENS, json=wish(name, *scopes))
    assert response.status_code == 201, response.text
    return cast("dict[str, Any]", response.json())


@asynccontextmanager
async def calling(api: FastAPI, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client
