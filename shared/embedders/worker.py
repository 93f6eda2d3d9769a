"""One thread that does the urgent first. Called by shared.embedders.onnx."""

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from typing import Any, TypeVar

from shared.errors import BackendUnavailable

T = TypeVar("T")


class Urgency(IntEnum):
    QUESTION = 0
    INGESTION = 1


class PriorityWorker:
    """Runs jobs one at a time, by urgency, then in the order they came. The first job starts the thread.

    A job whose future was cancelled before its turn is skipped.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: list[tuple[Urgency, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, urgency: Urgency, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._changed:
            if self._is_closed:
                raise BackendUnavailable(f"{self._name} is closed")
            heapq.heappush(self._jobs, (urgency, next(self._order), lambda: _run(future, work)))
            if self._thread is None:
                # A daemon, so that a process that forgot to close still ends.
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def close(self) -> None:
        """Wait until every submitted job is done, then end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._is_closed)
                if not self._jobs:
                    return
                _, _, job = heapq.heappop(self._jobs)
            job()


def _run(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
        future.set_exception(error)
