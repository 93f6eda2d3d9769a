"""The `SecretStore` protocol: secrets by name (letters, digits, dashes). Called by compose and auth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class SecretVersion:
    value: str
    created_at: float  # 0 where the store cannot tell


class SecretStore(Protocol):
    """Errors: `ConfigError` for a name or a secret that cannot be used, `BackendUnavailable`."""

    async def get(self, name: str) -> str | None:
        """The newest version."""

    async def versions(self, name: str) -> list[SecretVersion]:
        """Every version in force, newest first; several while a key is being rotated. Empty: unknown.

        May be as old as the store's own refresh interval.
        """

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        """The stored one, or the created one, stored; every process sees the same one.

        `create` may run for nothing, where another process is faster, and runs in a thread.
        """

    async def close(self) -> None: ...
