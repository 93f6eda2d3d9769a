"""The `SecretStore` protocol: secrets by name (letters, digits, dashes). Called by compose and auth."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")


@dataclass(frozen=True, kw_only=True)
class SecretVersion:
    value: str = field(repr=False)
    created_at: float  # or since when it is in force, where that is later; 0 where the store cannot tell


class SecretStore(Protocol):
    """Errors: `ConfigError` for a name or a secret that cannot be used, `BackendUnavailable`."""

    async def get(self, name: str) -> str | None:
        """The newest version in force; it may be as old as the store's own refresh interval."""

    async def versions(self, name: str) -> list[SecretVersion]:
        """Every version in force, newest first; several while a key is being changed. Empty: unknown.

        Asked afresh each time: who needs them often keeps them.
        """

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        """The oldest version in force, else the created one, stored; every process gets the same one.

        `create` may run for nothing, where another process is faster, and runs in a thread.
        """

    async def close(self) -> None: ...


def check_name(name: str) -> None:
    """Errors: `ConfigError`."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a secret: letters, digits and dashes only")
