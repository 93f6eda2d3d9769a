"""`TenantKeys`: the public keys that a tenant of Entra ID signs tokens with, over HTTPS and kept for a while.

Built by compose; asked by auth.entra for every token.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Literal

import httpx
import jwt
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BackendUnavailable, ConfigError
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_FRESH = 3600.0  # seconds for which fetched keys are not asked for again
_KEPT = 24 * 3600.0  # seconds for which they are used while no newer ones can be fetched
_PAUSE = 30.0  # seconds at least between two requests, whatever key ids tokens name
_PAUSE_WITHOUT_KEYS = 1.0
_MAX_BYTES = 1024 * 1024  # a tenant's keys take some 20 kB
_MIN_BITS = 2048


class _Key(BaseModel):
    """An RSA key for signatures, as RFC 7517 and 7518 describe it."""

    model_config = ConfigDict(strict=True)

    kty: Literal["RSA"]
    use: Literal["sig"]
    alg: Literal["RS256"] = "RS256"
    kid: str = Field(min_length=1)
    key_ops: list[str] = Field(default=["verify"])
    n: str
    e: str
    issuer: str = "{tenantid}"  # whom it may sign for: one tenant, or with this word any


class _KeySet(BaseModel):
    keys: list[object]


class TenantKeys:
    """`timeout` bounds a request as a whole, in seconds; `clock` counts them."""

    def __init__(
        self,
        *,
        authority: str,
        tenant_id: str,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not authority.startswith("https://"):
            raise ConfigError("ENTRA_AUTHORITY is an https:// address")
        self._url = f"{authority.rstrip('/')}/{tenant_id}/discovery/v2.0/keys"
        self._tenant_id = tenant_id.lower()
        self._timeout = timeout
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._asked_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None
        self._is_failing = False

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """None: the tenant has no such key. Errors: `BackendUnavailable` while none of them is known."""
        age = self._clock() - self._fetched_at
        if age >= _KEPT:
            self._keys = {}
        if key_id not in self._keys or age >= _FRESH:
            renewal = self._renewal()
            # While Entra fails, who brings a known key does not wait for it to fail again.
            if renewal is not None and not (self._is_failing and key_id in self._keys):
                await asyncio.shield(renewal)  # who gives up does not stop it for the others
        if not self._keys:
            raise BackendUnavailable(
                "the keys of the Entra ID tenant are out of reach; check ENTRA_AUTHORITY and ENTRA_TENANT_ID"
            )
        return self._keys.get(key_id)

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        if self._client is not None:
            await self._client.aclose()

    def _renewal(self) -> asyncio.Task[None] | None:
        """One for all who ask; None if Entra was asked a moment ago."""
        if self._fetching is None or self._fetching.done():
            if self._clock() - self._asked_at < (_PAUSE if self._keys else _PAUSE_WITHOUT_KEYS):
                return None
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                self._keys = self._read(await self._download())
            self._fetched_at, self._is_failing = self._clock(), False
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            self._is_failing = True
            event(
                log,
                "entra_keys_not_renewed",
                level=logging.WARNING,
                reason=f"{type(error).__name__}: {error}",
                kept=len(self._keys),
            )

    async def _download(self) -> bytes:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, headers={"Accept-Encoding": "identity"})
        content = bytearray()
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > _MAX_BYTES:
                    raise ValueError(f"more than {_MAX_BYTES} bytes of keys")
        return bytes(content)

    def _read(self, content: bytes) -> dict[str, jwt.PyJWK]:
        found = map(self._usable, _KeySet.model_validate_json(content).keys)
        keys = {key.key_id: key for key in found if key is not None and key.key_id is not None}
        if not keys:
            raise ValueError("no key among them is one for RS256 signatures")
        return keys

    def _usable(self, candidate: object) -> jwt.PyJWK | None:
        """None for what is there for other uses, other algorithms or other tenants."""
        try:
            described = _Key.model_validate(candidate)
            key = jwt.PyJWK(described.model_dump(include={"kty", "n", "e", "kid"}), "RS256")
        except (jwt.PyJWTError, ValueError):
            return None
        is_ours = not {self._tenant_id, "{tenantid}"}.isdisjoint(described.issuer.split("/"))
        is_fit = "verify" in described.key_ops and key.key.key_size >= _MIN_BITS
        return key if is_ours and is_fit else None
