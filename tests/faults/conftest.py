"""Hosts for the fault tests: real processes, stopped whatever the test does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]


@pytest.fixture
def new_host(tmp_path: Path, weights: Path) -> Iterator[Callable[..., RealHost]]:
    """Make a host on a data folder of the test; start it yourself."""
    with ExitStack() as stack:

        def make(**options: Any) -> RealHost:
            host = RealHost(tmp_path / "data", models=weights, **options)
            stack.callback(host.__exit__)
            return host

        yield make


@pytest.fixture
def host(new_host: Callable[..., RealHost]) -> RealHost:
    """A running one, signed in as its administrator."""
    running = new_host().start()
    running.sign_in()
    return running
