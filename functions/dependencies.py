"""What a request is given: the services, and who is asking. Used by every route and trigger."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.services import Services
from shared.settings import Settings


class Runtime:
    """One process's settings and services. The services are opened at first use, once."""

    def __init__(self, settings: Settings, open_services: Callable[[Settings], Awaitable[Services]]) -> None:
        self.settings = settings
        self._open_services = open_services
        self._services: Services | None = None
        self._opening = asyncio.Lock()

    async def services(self) -> Services:
        """Errors: `ConfigError`, `BackendUnavailable`; the next call tries again."""
        if self._services is None:
            async with self._opening:
                if self._services is None:
                    self._services = await self._open_services(self.settings)
        return self._services

    async def close(self) -> None:
        """Close every plug; the next use opens them again."""
        async with self._opening:
            services, self._services = self._services, None
        if services is not None:
            await services.close()
