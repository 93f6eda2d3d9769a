"""Whether `RedisCache` tries its server, and what log and metrics say of it: once per change, not call."""

import logging
import time

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from shared.breaker import Watcher
from shared.errors import BackendUnavailable

log = logging.getLogger(__name__)


class Circuit:
    """A server that failed is passed by for `pause` seconds, then tried by one call."""

    def __init__(self, pause: float, watcher: Watcher | None = None) -> None:
        self._pause = pause
        self._watcher = watcher
        self._turn(is_open=False)
        self._is_sound: bool | None = None  # None: not tried yet
        self._next_try = 0.0
        self._told: set[type[ResponseError]] = set()

    def admits(self) -> bool:
        if self._is_sound is not False:
            return True
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + self._pause  # whoever asks meanwhile is turned away
        return True

    def worked(self) -> None:
        if self._is_sound is False:
            log.info("cache_back")
            self._turn(is_open=False)
        self._is_sound = True

    def broke(self, error: RedisError | TimeoutError | BackendUnavailable) -> None:
        """It cannot be used at all."""
        if self._is_sound is not False:
            _tell(error)
            self._turn(is_open=True)
        self._is_sound = False
        self._next_try = time.monotonic() + self._pause
        self._told.clear()

    def refused(self, error: ResponseError) -> None:
        """It says no, quickly: to this command where it is known to obey others, else to all of them."""
        if not self._is_sound:
            self.broke(error)
        elif type(error) not in self._told:
            self._told.add(type(error))
            _tell(error)

    def _turn(self, *, is_open: bool) -> None:
        if self._watcher is not None:
            self._watcher.breaker_turned("cache", is_open=is_open)


def _tell(error: RedisError | TimeoutError | BackendUnavailable) -> None:
    if isinstance(error, ResponseError):  # its text may quote the command, and so a key or a value
        log.error("cache_refused: Redis answers %s; check REDIS_URL", type(error).__name__)
    elif isinstance(error, AuthenticationError):
        log.error(
            "cache_refused: %s; check the access key in REDIS_URL, or with REDIS_AUTH=entra that the "
            "identity has an access policy",
            error,
        )
    elif isinstance(error, BackendUnavailable):
        log.error("cache_refused: %s", error)
    else:
        log.warning("cache_unreachable: %s; check REDIS_URL", str(error) or "no answer in time")
