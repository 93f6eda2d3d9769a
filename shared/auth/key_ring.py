"""`KeyRing`: the signing keys in force, as the secret store has them. Built by compose, asked by auth.tokens.

To change the key, add a version to the secret; to withdraw one, disable it. Nothing has to be restarted.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.auth.keys import SigningKey, create_key, read_keys
from shared.errors import BackendUnavailable, ConfigError
from shared.secret_stores.base import SecretStore, SecretVersion
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_PAUSE_WITHOUT_KEYS = 1.0  # seconds
_EARLY = 0.8  # of the interval: from then on keys are renewed while requests still use the old ones


@dataclass(frozen=True, kw_only=True)
class _KeyInForce:
    key: SigningKey
    since: float


class KeyRing:
    """All keys verify. The one that signs is the newest that every process must know by now: it has been
    in force for two intervals, one until all have asked again and one to spare; or else the oldest.

    Keys are as old as `refresh_after` seconds at most, unless the store fails: then those known last
    stay. It is asked again after `retry_after` seconds at the earliest, and after one without any keys,
    whatever key ids tokens name. `clock` counts seconds.
    Errors of every question, while no key is known: `ConfigError`, `BackendUnavailable`.
    """

    def __init__(
        self,
        secrets: SecretStore,
        name: str,
        *,
        refresh_after: float = 300.0,
        retry_after: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._name = name
        self._refresh_after = refresh_after
        self._retry_after = retry_after
        self._clock = clock
        self._keys: Sequence[_KeyInForce] = ()  # the newest first
        self._fetched_at = self._asked_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None
        self._is_failing = False

    async def signing(self) -> SigningKey:
        await self._refresh()
        known_to_all = time.time() - 2 * self._refresh_after
        return next((each.key for each in self._keys if each.since <= known_to_all), self._keys[-1].key)

    async def find(self, key_id: str) -> SigningKey | None:
        """None also for a key that was withdrawn."""
        await self._refresh()
        if (found := self._known(key_id)) is None and (fetching := self._renewal()):
            await asyncio.shield(fetching)
            found = self._known(key_id)
        return found

    async def all(self) -> list[SigningKey]:
        """The newest first."""
        await self._refresh()
        return [each.key for each in self._keys]

    async def close(self) -> None:
        """Before the store."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _known(self, key_id: str) -> SigningKey | None:
        return next((each.key for each in self._keys if each.key.id == key_id), None)

    async def _refresh(self) -> None:
        """Renew the keys if they are due; wait for that only where there is no way around it."""
        age = self._clock() - self._fetched_at
        if self._keys and age < self._refresh_after * _EARLY:
            return
        fetching = self._renewal()
        if fetching and (not self._keys or (age >= self._refresh_after and not self._is_failing)):
            await asyncio.shield(fetching)  # who gives up does not stop it for the others

    def _renewal(self) -> "asyncio.Task[None] | None":
        """One for all who ask. If the store was asked a moment ago: None, or the one that found no keys."""
        if self._fetching is None or self._fetching.done():
            passed = self._clock() - self._asked_at
            if self._keys and passed < self._retry_after:
                return None
            if not self._keys and passed < _PAUSE_WITHOUT_KEYS:
                return self._fetching
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        asked_at = self._asked_at
        try:
            self._keys = _in_force(await self._versions())
            self._fetched_at, self._is_failing = asked_at, False
        except (BackendUnavailable, ConfigError) as error:
            self._is_failing = True
            if not self._keys:
                raise
            event(log, "signing_keys_not_renewed", level=logging.WARNING, reason=str(error))

    async def _versions(self) -> list[SecretVersion]:
        versions = await self._secrets.versions(self._name)
        if not versions:
            self._keys = ()  # all were withdrawn: none may verify while there is no new one
            await self._secrets.get_or_create(self._name, create_key)
            versions = await self._secrets.versions(self._name)
        if not versions:
            raise BackendUnavailable(f"the secret {self._name} was withdrawn while it was made")
        return versions


def _in_force(versions: Sequence[SecretVersion]) -> Sequence[_KeyInForce]:
    """The keys of the versions; one that is in several counts as known since the oldest."""
    keys: dict[str, _KeyInForce] = {}
    for version in versions:
        for key in read_keys(version.value):
            keys[key.id] = _KeyInForce(key=key, since=version.created_at)
    return tuple(keys.values())
