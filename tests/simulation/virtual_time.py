"""An event loop on which waiting costs nothing and threads do not exist: the same seed gives the same run."""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")

_START = 1_800_000_000.0  # what the clock on the wall shows when a run begins


class _Leaping(selectors.SelectSelector):
    """Instead of waiting for a timer it moves the clock to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for something that will never come")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Leaping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Here and now: what a thread would do is one indivisible step."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the awaiting one's
            future.set_exception(error)
        return future


def _at_once(_: ThreadPoolExecutor, func: Callable[..., T], /, *args: Any) -> Future[T]:
    """The same, of a pool that is not asked by way of the loop."""
    future: Future[T] = Future()
    try:
        future.set_result(func(*args))
    except Exception as error:  # noqa: BLE001 - as above
        future.set_exception(error)
    return future


class VirtualRunner:
    """Runs coroutines on one virtual loop, one by one; what they leave running goes on in the next."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        with _shown(self._runner.get_loop()):
            return self._runner.run(work)

    def close(self) -> None:
        with _shown(self._runner.get_loop()):
            self._runner.close()


@contextmanager
def _shown(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The product reads the loop's clock wherever it asks what time it is."""

    def on_the_wall() -> float:
        return _START + loop.time()

    with (
        mock.patch.object(time, "time", on_the_wall),
        mock.patch.object(time, "monotonic", loop.time),
        mock.patch.object(ThreadPoolExecutor, "submit", _at_once),
    ):
        yield
