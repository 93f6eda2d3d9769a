"""`RedisCache`: a cache in Redis, shared by every instance of the app. Built by compose.

Whatever is wrong with the server is a miss. One that cannot be used costs a call `patience` seconds at
most and is then passed by for `pause` seconds; after that one call at a time tries it again.
The server must be one to its clients: of a Redis cluster (Azure Managed Redis) that is the cluster
policy "Enterprise" or "NonClustered"; replies that send the client elsewhere (`MOVED`) are refusals.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.breaker import Watcher
from shared.caches.redis_circuit import Circuit
from shared.caches.redis_client import open_client
from shared.errors import BackendUnavailable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.caches.redis_entra import EntraSignIn

log = logging.getLogger(__name__)
T = TypeVar("T")

# Adds, atomically with the time to live, which the first addition starts and later ones leave alone.
_ADD = """
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' then -- an error: what is there is no number
  redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
  sum = tonumber(ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum
"""
# Time lines are kept as the microsecond at which they end, by the server's clock: the one that all share.
_LINE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local line = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0) or 0)
local function move(to)
  redis.call('SET', KEYS[1], string.format('%.0f', to), 'PX', math.ceil((to - now) / 1000) + 1)
end
"""
_RESERVE = f"""{_LINE}
if line - now <= tonumber(ARGV[2]) then move(line + ARGV[1]) end
return line - now
"""
_POSTPONE = f"""{_LINE}
move(math.max(line, now + ARGV[1]))
"""
_FAR = 1e9  # seconds: for `math.inf`, which Lua does not read


class RedisCache:
    """`prefix` keeps apart what shares a server. With a `credential` Redis is signed in to by Entra ID.

    Errors, of the constructor alone: `ConfigError` where `url` is none of Redis.
    """

    def __init__(
        self,
        *,
        url: str,
        credential: "AsyncTokenCredential | None" = None,
        prefix: str = "rag:",
        patience: float = 0.5,  # seconds; waiting longer costs more than a miss
        pause: float = 5.0,
        watcher: Watcher | None = None,
    ) -> None:
        self._sign_in = _sign_in_by(credential) if credential else None
        self._redis: Redis = open_client(url, self._sign_in)
        self._prefix = prefix
        self._patience = patience
        self._circuit = Circuit(pause, watcher)

    async def get(self, key: str) -> bytes | None:
        found = await self._call(lambda: self._redis.get(self._name(key)))
        return found if isinstance(found, bytes) else None

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        names = [self._name(key) for key in keys]
        found = (await self._call(lambda: self._redis.mget(names)) if names else None) or [None] * len(keys)
        return [value if isinstance(value, bytes) else None for value in found]

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        await self._call(lambda: self._redis.set(self._name(key), value, px=_milliseconds(ttl)))

    async def set_many(self, values: Mapping[str, bytes], *, ttl: float) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(self._name(key), value, px=_milliseconds(ttl))
        await self._call(pipeline.execute)

    async def delete(self, key: str) -> None:
        await self._call(lambda: self._redis.delete(self._name(key)))

    async def increment(self, key: str, *, by: int = 1, ttl: float) -> int:
        added = self._call(lambda: self._redis.eval(_ADD, 1, self._name(key), by, _milliseconds(ttl)))
        return await added or 0

    async def increment_many(self, keys: Sequence[str], *, ttl: float) -> list[int]:
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.eval(_ADD, 1, self._name(key), 1, _milliseconds(ttl))
        return await self._call(pipeline.execute) or [0] * len(keys)

    async def reserve(self, key: str, seconds: float, *, most: float = math.inf) -> float | None:
        arguments = _microseconds(seconds), _microseconds(most)
        wait = await self._call(lambda: self._redis.eval(_RESERVE, 1, self._name(key), *arguments))
        return None if wait is None else int(wait) / 1e6

    async def postpone(self, key: str, seconds: float) -> None:
        name, pause = self._name(key), _microseconds(seconds)
        await self._call(lambda: self._redis.eval(_POSTPONE, 1, name, pause))

    async def close(self) -> None:
        if self._sign_in:
            await self._sign_in.close()
        try:
            await self._redis.aclose()
        except RedisError as error:
            log.debug("cache_not_closed: %s", error)

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """What it answers; None where the cache is dead."""
        if not self._circuit.admits():
            return None
        try:
            async with asyncio.timeout(self._patience):
                if self._sign_in:
                    await self._sign_in.renew()
                answer = await command()
        except ResponseError as error:
            self._circuit.refused(error)
        except (RedisError, TimeoutError, BackendUnavailable) as error:
            self._circuit.broke(error)
        except RuntimeError as error:  # what uvloop raises for a connection that was closed meanwhile
            self._circuit.broke(RedisError(str(error)))
        else:
            self._circuit.worked()
            return answer
        return None

    def _name(self, key: str) -> bytes:
        return f"{self._prefix}{key}".encode(errors="surrogatepass")


def _sign_in_by(credential: "AsyncTokenCredential") -> "EntraSignIn":
    from shared.caches.redis_entra import EntraSignIn  # noqa: PLC0415 - azure-core, not needed with passwords

    return EntraSignIn(credential)


def _milliseconds(ttl: float) -> int:
    return max(1, math.ceil(ttl * 1000))  # Redis refuses 0


def _microseconds(seconds: float) -> int:
    return round(min(seconds, _FAR) * 1e6)
