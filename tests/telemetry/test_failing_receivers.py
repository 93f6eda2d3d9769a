"""Whoever takes the traces may be gone, slow or ailing: nobody else is any the worse for it."""

import json
import time
from collections.abc import Callable

import pytest

from tests.real_host import RealHost, free_port
from tests.stand_ins.otlp_receiver import Receiver
from tests.telemetry.conftest import NewHost

_ENDS_WITHIN = 20.0  # seconds of a machine that has much else to do; the exporter by itself takes a minute


def ail(receiver: Receiver) -> None:
    receiver.status = 500


def stand_still(receiver: Receiver) -> None:
    receiver.delay = 60.0


def events(host: RealHost, name: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in host.text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


@pytest.mark.parametrize("fail", [ail, stand_still])
def test_nothing_waits_for_a_receiver_that_fails(
    fail: Callable[[Receiver], None], new_host: NewHost, receiver: Receiver
) -> None:
    fail(receiver)
    host = new_host(
        environment={
            "OTEL_BSP_MAX_QUEUE_SIZE": "20",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
        }
    ).start()
    host.sign_in()
    for _ in range(60):  # three times what the queue holds
        assert host.client.get("/api/documents", timeout=20).status_code == 200
    host.signal()
    began = time.monotonic()
    assert host.wait() == 0
    assert time.monotonic() - began < _ENDS_WITHIN
    assert not [line for line in host.text().splitlines() if "Queue full" in line or "Traceback" in line]


def test_it_is_said_once_that_nobody_takes_them_and_once_that_somebody_does_again(
    new_host: NewHost, receiver: Receiver
) -> None:
    receiver.status = 401
    host = new_host().start()
    for _ in range(3):
        before = receiver.requests
        host.client.get("/api/openapi.json")
        host.wait_until(lambda before=before: receiver.requests > before)
    receiver.status = 200
    host.client.get("/api/openapi.json")
    host.wait_until(lambda: bool(events(host, "traces_sent_again")))
    (failed,) = events(host, "traces_not_sent")
    assert "401" in failed["reason"]


def test_a_receiver_that_is_not_there_is_named_without_its_credentials(new_host: NewHost) -> None:
    address = f"http://user:word@127.0.0.1:{free_port()}"
    host = new_host(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
    host.start()
    assert host.client.get("/api/openapi.json").status_code == 200
    host.wait_until(lambda: bool(events(host, "traces_not_sent")))
    assert "word" not in events(host, "traces_not_sent")[0]["reason"]
