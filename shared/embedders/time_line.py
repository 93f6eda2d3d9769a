"""`TimeLine`: the turns of all processes that call one deployment. Used by shared.embedders.budgeted."""

import asyncio
import time

from shared.caches.base import Cache

# A turn is taken this long before it begins, so that a process that stalls loses no time for all. Nothing is
# taken further ahead: then a pause stops everybody at once, what is charged meanwhile counts at once, and a
# process that dies leaves no gap.
_AHEAD = 0.5  # seconds
_NAP = 10.0  # seconds; the line is looked at this often, for it may get shorter when the cache is lost


class TimeLine:
    """`key` names it in the cache. Where the cache is dead, this process has a line of its own."""

    def __init__(self, cache: Cache, key: str) -> None:
        self._cache = cache
        self._key = key
        self._own_end = 0.0  # both by the monotonic clock
        self._paused_until = 0.0
        self._first = asyncio.Lock()  # held by who has waited longest here: one per process asks the cache

    async def wait_turn(self, seconds: float) -> None:
        """Until a turn of `seconds` begins, which is then the caller's."""
        while True:
            async with self._first:
                wait = await self.take(seconds, most=_AHEAD)
                while wait > _AHEAD:
                    await asyncio.sleep(min(wait - _AHEAD / 2, _NAP))
                    wait = await self.take(seconds, most=_AHEAD)
            await asyncio.sleep(wait)
            if time.monotonic() >= self._paused_until:
                return

    async def take(self, seconds: float, *, most: float) -> float:
        """The seconds until the turn begins; where these are more than `most`, it was not taken."""
        wait = await self._cache.reserve(self._key, seconds, most=most)
        if wait is not None:
            return wait
        now = time.monotonic()
        begins = max(now, self._own_end)
        if begins - now <= most:
            self._own_end = begins + seconds
        return begins - now

    async def postpone(self, seconds: float) -> None:
        """Nobody's turn begins within `seconds`, but for those that other processes have just taken."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        self._own_end = max(self._own_end, self._paused_until)
        await self._cache.postpone(self._key, seconds)
