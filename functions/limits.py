"""How often somebody may ask, and how much they may spend. The question routes depend on it.

Requests are counted in the cache, per user and per address of a client, in minutes of the clock; tokens
of language models in the metadata store, in days (UTC). Answers and refusals tell the tightest limit in
the headers of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-07).
"""

import ipaddress
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Request

from functions.dependencies import Caller, Runtime, runtime_of
from shared.caches.base import Cache
from shared.domain import Principal
from shared.errors import RateLimited
from shared.settings import Settings

_MINUTE, _DAY = 60, 24 * 3600
_KEPT = 2.0 * _MINUTE  # seconds: a count outlives its minute, whatever clock the cache goes by


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One limit, and how much of it is used in the window that `now` lies in."""

    name: str
    most: int
    used: int
    window: int  # seconds
    now: float

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)

    @property
    def resets_in(self) -> int:
        """Seconds, at least 1."""
        return math.ceil(self.window - self.now % self.window)

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.resets_in),
            "RateLimit-Policy": f"{self.most};w={self.window}",
        }


class RequestLimits:
    """Of one process. It remembers who is past a limit: more of the same costs the cache nothing, and
    what one user asks in vain is not counted against others of the same address."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._per_user = settings.requests_per_minute
        self._per_address = settings.requests_per_minute_address
        self._hops = settings.forwarded_hops
        self._clock = clock
        self._minute = 0
        self._past: dict[str, Quota] = {}

    async def count(self, user_id: str, request: Request, cache: Cache) -> list[Quota]:
        """One more request. Refused is what uses more than there is."""
        now = self._clock()
        keys = self._keys(user_id, request, now)
        past = next((self._past[key] for key in keys if key in self._past), None)
        if past is not None:
            return [replace(past, now=now)]
        counts = await cache.increment_many(list(keys), ttl=_KEPT) if keys else []
        quotas = [
            Quota(name=name, most=most, used=used, window=_MINUTE, now=now)
            for (name, most), used in zip(keys.values(), counts, strict=True)
        ]
        self._past |= {key: quota for key, quota in zip(keys, quotas, strict=True) if quota.used > quota.most}
        return quotas

    async def look(self, user_id: str, request: Request, cache: Cache) -> list[Quota]:
        """The same without counting."""
        now = self._clock()
        keys = self._keys(user_id, request, now)
        counts = await cache.get_many(list(keys))
        return [
            Quota(name=name, most=most, used=int(used or 0), window=_MINUTE, now=now)
            for (name, most), used in zip(keys.values(), counts, strict=True)
        ]

    def _keys(self, user_id: str, request: Request, now: float) -> dict[str, tuple[str, int]]:
        """The counters' names in the cache, each with its limit."""
        minute = int(now // _MINUTE)
        if minute != self._minute:
            self._minute, self._past = minute, {}
        keys = {}
        if self._per_user:
            keys[f"requests:{minute}:user:{user_id}"] = ("requests_per_minute", self._per_user)
        address = client_address(request, self._hops) if self._per_address else None
        if address:
            keys[f"requests:{minute}:from:{address}"] = ("requests_per_minute_address", self._per_address)
        return keys


def client_address(request: Request, hops: int) -> str | None:
    """An IPv4 address or the /64 of an IPv6 one, as a subscriber has one; None where nothing tells it.

    Of `X-Forwarded-For` only what our own `hops` proxies have added is believed.
    """
    told = ",".join(request.headers.getlist("x-forwarded-for")).split(",") if hops else []
    peer = request.client.host if request.client else ""
    return _normalised("".join(told[-hops:][:1])) or _normalised(peer)


@lru_cache(maxsize=1024)
def _normalised(told: str) -> str | None:
    address = told.strip().strip('"')
    if address.startswith("["):  # [2001:db8::1]:443
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:  # 192.0.2.1:443, as front ends of Azure write it
        address = address.partition(":")[0]
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), 64), strict=False))


async def tokens_of_today(user_id: str, runtime: Runtime) -> list[Quota]:
    """Where there are limits. Errors: `BackendUnavailable`."""
    limits = (
        ("tokens_per_day_user", runtime.settings.tokens_per_day_user, user_id),
        ("tokens_per_day", runtime.settings.tokens_per_day, None),
    )
    return [
        Quota(
            name=name,
            most=most,
            used=await runtime.ledger.tokens_used(whose),
            window=_DAY,
            now=time.time(),
        )
        for name, most, whose in limits
        if most
    ]


async def searcher(request: Request, caller: Caller) -> Principal:
    """Who asks, counted. Errors: `RateLimited`."""
    limits: RequestLimits = request.app.state.request_limits
    runtime = await runtime_of(request)
    quotas = await limits.count(caller.user_id, request, (await runtime.services()).cache)
    if quotas:
        tightest = min(quotas, key=lambda quota: quota.left)
        request.state.answer_headers = tightest.headers()
        _refuse_past([quota for quota in quotas if quota.used > quota.most], request, runtime)
    return caller


Searcher = Annotated[Principal, Depends(searcher)]


async def asker(request: Request, caller: Caller) -> Principal:
    """Who asks a language model, counted. Errors: `RateLimited`, `BackendUnavailable`.

    Tokens are counted when an answer is whole: what is being written when a limit is reached goes past it.
    """
    await searcher(request, caller)  # no dependency: FastAPI takes longer over each than this does
    runtime = await runtime_of(request)
    tokens = await tokens_of_today(caller.user_id, runtime)
    _refuse_past([quota for quota in tokens if quota.used >= quota.most], request, runtime)
    return caller


Asker = Annotated[Principal, Depends(asker)]


def _refuse_past(past: Sequence[Quota], request: Request, runtime: Runtime) -> None:
    """Refuse by what lasts longest, if by anything."""
    if not past:
        return
    quota = max(past, key=lambda quota: quota.resets_in)
    request.state.answer_headers = quota.headers()
    runtime.metrics.question_refused(quota.name)
    raise RateLimited(
        f"the limit {quota.name} of {quota.most} is used up; wait, then ask again",
        retry_after=quota.resets_in,
    )
