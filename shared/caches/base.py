"""The `Cache` protocol: values that may be lost at any time. A dead cache is a miss, never an error."""

from typing import Protocol


class Cache(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """For `ttl` seconds at most."""

    async def delete(self, key: str) -> None: ...

    async def increment(self, key: str, *, by: int = 1, ttl: float) -> int:
        """Atomic; the first increment starts the ttl. The new value, 0 where the cache is dead.

        `get` shows it as decimal digits; what is not a number counts from 0.
        """

    async def close(self) -> None: ...
