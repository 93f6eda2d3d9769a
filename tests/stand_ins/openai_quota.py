"""The tokens per minute that the OpenAI stand-in lets a deployment have."""

import math
import threading
import time

_GATHERED = 2.0  # seconds of the rate that may come at once


class Quota:
    """A bucket that fills at the rate; what it does not hold is refused and takes nothing."""

    def __init__(self) -> None:
        self.refused = 0
        self._lock = threading.Lock()
        self._left = math.inf
        self._filled_at = time.monotonic()

    def wait(self, tokens: int, per_minute: int) -> int:
        """Seconds for `Retry-After`, whole as the service's; 0 where they may have it."""
        rate = per_minute / 60
        with self._lock:
            now = time.monotonic()
            filled = self._left + (now - self._filled_at) * rate
            self._left, self._filled_at = min(filled, max(_GATHERED * rate, tokens)), now
            if tokens <= self._left:
                self._left -= tokens
                return 0
            self.refused += 1
            return math.ceil((tokens - self._left) / rate)
