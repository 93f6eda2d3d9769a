"""A collector of the test's own, and hosts that send it their traces soon."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.real_host import RealHost
from tests.stand_ins.otlp_receiver import Receiver
from tests.stand_ins.weights import weights

__all__ = ["weights"]

NewHost: TypeAlias = Callable[..., RealHost]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def new_host(tmp_path: Path, weights: Path, receiver: Receiver) -> Iterator[NewHost]:
    """Make one on the test's folder, with what `RealHost` takes; start it yourself."""
    with ExitStack() as stack:

        def make(*, environment: dict[str, str] | None = None, **options: Any) -> RealHost:
            sending = {
                "RAG_TRACES": "otlp",
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
            }
            host = RealHost(
                tmp_path / "data", models=weights, environment=sending | (environment or {}), **options
            )
            stack.callback(host.__exit__)
            return host

        yield make
