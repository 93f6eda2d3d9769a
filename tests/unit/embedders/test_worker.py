import threading
from concurrent.futures import Future

import pytest

from shared.embedders.worker import PriorityWorker, Urgency
from shared.errors import BackendUnavailable


def busy(worker: PriorityWorker) -> tuple[Future[bool], threading.Event]:
    """A job that holds the worker until the event is set."""
    release, started = threading.Event(), threading.Event()

    def hold() -> bool:
        started.set()
        return release.wait(10)

    future = worker.submit(Urgency.INGESTION, hold)
    assert started.wait(10)
    return future, release


def test_a_query_goes_ahead_of_passages_that_wait() -> None:
    worker = PriorityWorker("test")
    _, release = busy(worker)
    done: list[str] = []
    for name in ("passages 1", "passages 2"):
        worker.submit(Urgency.INGESTION, lambda name=name: done.append(name))
    worker.submit(Urgency.QUESTION, lambda: done.append("query"))
    release.set()
    worker.close()
    assert done == ["query", "passages 1", "passages 2"]


def test_a_cancelled_job_is_never_run() -> None:
    worker = PriorityWorker("test")
    _, release = busy(worker)
    done: list[str] = []
    assert worker.submit(Urgency.INGESTION, lambda: done.append("run")).cancel()
    release.set()
    worker.close()
    assert done == []


def test_an_error_reaches_the_caller_and_not_the_next_job() -> None:
    worker = PriorityWorker("test")
    failing = worker.submit(Urgency.QUESTION, lambda: 1 / 0)
    following = worker.submit(Urgency.QUESTION, lambda: "fine")
    with pytest.raises(ZeroDivisionError):
        failing.result(10)
    assert following.result(10) == "fine"
    worker.close()


def test_a_closed_worker_takes_no_more_jobs() -> None:
    worker = PriorityWorker("test")
    worker.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        worker.submit(Urgency.QUESTION, lambda: None)
