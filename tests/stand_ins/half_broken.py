"""A real plug of which one part is broken, for tests of what notices it."""

import asyncio
from typing import Any

from shared.errors import BackendUnavailable

OUT_OF_REACH = "it is out of reach; check ITS_ADDRESS"


class HalfBroken:
    """Some methods are replaced, the others are the plug's own."""

    def __init__(self, plug: Any, **methods: Any) -> None:
        self._plug, self._methods = plug, methods

    def __getattr__(self, name: str) -> Any:
        return self._methods[name] if name in self._methods else getattr(self._plug, name)


def answers(value: Any) -> Any:
    """A method that says this, whatever it is asked."""

    async def answer(*_: Any, **__: Any) -> Any:
        return value

    return answer


async def fails(*_: Any, **__: Any) -> None:
    raise BackendUnavailable(OUT_OF_REACH)


async def hangs(*_: Any, **__: Any) -> None:
    await asyncio.Event().wait()
