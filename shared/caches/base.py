"""The `Cache` protocol: values that may be lost at any time. A dead cache is a miss, never an error.

Beside values it keeps time lines, by which processes take turns at what can only be done so fast.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol


class Cache(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """One value per key, in order, in one round trip."""

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """For `ttl` seconds at most."""

    async def set_many(self, values: Mapping[str, bytes], *, ttl: float) -> None:
        """Each for `ttl` seconds at most, in one round trip."""

    async def delete(self, key: str) -> None: ...

    async def increment(self, key: str, *, by: int = 1, ttl: float) -> int:
        """Atomic; the first increment starts the ttl. The new value, 0 where the cache is dead (the
        process's own goes on counting: `caches.counting`).

        `get` shows it as decimal digits; what is not a number counts from 0.
        """

    async def increment_many(self, keys: Sequence[str], *, ttl: float) -> list[int]:
        """Each by 1, atomically for itself, in one round trip; the new values in order."""

    async def reserve(self, key: str, seconds: float, *, most: float = math.inf) -> float | None:
        """Take the next `seconds` of the time line `key`, atomically; how long until they begin.

        They begin where those taken before end, or now. Where that is more than `most` seconds off,
        nothing is taken. None where the cache is dead. (Virtual scheduling: the generic cell rate
        algorithm of ITU-T I.371, without its tolerance.)
        """

    async def postpone(self, key: str, seconds: float) -> None:
        """Let nothing that is taken from now on begin within `seconds`. Postponements do not add up."""

    async def close(self) -> None: ...
