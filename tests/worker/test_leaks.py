"""Hundreds of requests, whatever becomes of them, leave nothing behind in the worker."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

PROBE_APP = Path(__file__).with_name("probe_app")
REQUESTS = 500


def plain(client: httpx.Client, _: int) -> None:
    assert client.get("/seen").status_code == 200


def streamed(client: httpx.Client, number: int) -> None:
    with client.stream("GET", f"/stream/{number}") as response:
        client.post(f"/gates/{number}")
        assert response.read() == b"firstsecond"


def failing_early(client: httpx.Client, _: int) -> None:
    assert client.get("/fail/early").status_code == 500


def failing_late(client: httpx.Client, _: int) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get("/fail/late")


def disconnecting(client: httpx.Client, number: int) -> None:
    with client.stream("GET", f"/stream/{number}") as response:
        assert next(response.iter_text()) == "first"


def empty(client: httpx.Client, _: int) -> None:
    assert client.get("/bare/204").status_code == 204


KINDS: tuple[Callable[[httpx.Client, int], None], ...] = (
    plain, streamed, failing_early, failing_late, disconnecting, empty,
)  # fmt: skip


@pytest.mark.slow
def test_500_requests_of_every_kind_leave_no_entry_in_the_workers_context_map(start_host: Any) -> None:
    with start_host(PROBE_APP) as (host, client), ThreadPoolExecutor(8) as threads:
        before = host.worker_state()
        for done in [
            threads.submit(KINDS[number % len(KINDS)], client, number) for number in range(REQUESTS)
        ]:
            done.result(60)
        deadline = time.monotonic() + 10  # the last disconnects are noticed when the requests are over
        while host.worker_state()["tasks"] > before["tasks"] + 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        state = host.worker_state()
    assert state["contexts"] == 0
    assert state["tasks"] <= before["tasks"] + 8  # idle connections of the eight threads
