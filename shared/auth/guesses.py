"""How often a password may be guessed, counted in the cache by all processes together.

Called by auth.sessions for each account and by the auth routes for each client's address.
"""

import hashlib
import time

from shared.caches.base import Cache
from shared.errors import RateLimited

MOST_GUESSES = 10  # of an account's password within any WINDOW
WINDOW = 15 * 60.0  # seconds


async def take_place(whose: str, cache: Cache) -> str | None:
    """The key of the place that this guess takes, to be deleted if it was right; None if all are taken.

    A place is taken for WINDOW seconds, in one atomic step, and not longer because others want it.
    """
    account = fingerprint(whose)
    places = [f"guess:{account}:{number}" for number in range(MOST_GUESSES)]
    for place, value in zip(places, await cache.get_many(places), strict=True):
        if value is None and await cache.increment(place, ttl=WINDOW) == 1:
            return place
    return None


async def count_attempt(
    what: str, address: str | None, *, most: int, window: float, cache: Cache
) -> str | None:
    """Count what somebody at this address tries, in windows of the clock; the counter's key.

    None, and nothing is counted, without an address or a limit. Errors: `RateLimited` beyond `most`.
    """
    if address is None or not most:
        return None
    now = time.time()
    key = f"{what}:{int(now // window)}:from:{address}"
    if await cache.increment(key, ttl=window) > most:
        raise RateLimited(
            "too many attempts from your network address; wait, then try again",
            retry_after=window - now % window,
        )
    return key


async def take_back(counter: str | None, cache: Cache) -> None:
    """What was counted was no failure."""
    if counter is not None:
        await cache.increment(counter, by=-1, ttl=WINDOW)


def fingerprint(secret: str) -> str:
    """What is stored of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
