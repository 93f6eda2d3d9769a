"""Signing in to Redis with a token of Entra ID instead of a password. Used by `RedisCache`."""

import asyncio
import base64
import json
import time

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from redis.credentials import CredentialProvider

from shared.errors import BackendUnavailable

_SCOPE = "https://redis.azure.com/.default"
_MARGIN = 300.0  # seconds before its end from which on a token is renewed
_PATIENCE = 30.0  # seconds


class EntraSignIn(CredentialProvider):
    """What a new connection shows: the identity's object id and the token.

    Redis closes a connection when the token that opened it ends; the next one shows a later token.
    """

    def __init__(self, credential: AsyncTokenCredential) -> None:
        self._credential = credential
        self._shown = ("", "")
        self._renew_at = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def renew(self) -> None:
        """Have a token that lasts; to be called before connections are opened.

        The first one may take longer than a call has: it goes on when the call has given up.
        Errors: `BackendUnavailable`.
        """
        if time.time() < self._renew_at:
            return
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._fetch())
        await asyncio.shield(self._renewal)

    def get_credentials(self) -> tuple[str, str]:
        return self._shown

    async def get_credentials_async(self) -> tuple[str, str]:
        return self._shown

    async def close(self) -> None:
        if self._renewal:
            self._renewal.cancel()
            await asyncio.wait({self._renewal})

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                token = await self._credential.get_token(_SCOPE)
        except (AzureError, TimeoutError) as error:
            raise BackendUnavailable("no token for Redis; check REDIS_AUTH and the identity") from error
        self._shown = (_object_id(token.token), token.token)
        self._renew_at = token.expires_on - _MARGIN


def _object_id(token: str) -> str:
    """The token's `oid`, the user that Redis knows; Redis checks the signature.

    Errors: `BackendUnavailable`.
    """
    try:
        return str(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["oid"])
    except (LookupError, TypeError, ValueError) as error:
        raise BackendUnavailable("the token for Redis names no identity; check REDIS_AUTH") from error
