"""The `SecretStore` protocol: secrets by name (letters, digits, dashes). Called by compose and auth."""

from collections.abc import Callable
from typing import Protocol


class SecretStore(Protocol):
    async def get(self, name: str) -> str | None: ...

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        """The stored one, or the created one, stored; every process sees the same one.

        `create` may run for nothing, where another process is faster, and runs in a thread.
        """

    async def close(self) -> None: ...
