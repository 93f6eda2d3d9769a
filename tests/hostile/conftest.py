"""A host for the hostile tests: one real process for all tests of a module, stopped whatever they do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.promises import broken_promises
from tests.hostile.wire import Answer
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]


@pytest.fixture
def new_host(tmp_path: Path, weights: Path) -> Iterator[Callable[..., RealHost]]:
    """Make a host on a data folder of the test; start it yourself."""
    with ExitStack() as stack:

        def make(**options: Any) -> RealHost:
            host = RealHost(tmp_path / "data", models=weights, arguments=("--only", "http"), **options)
            stack.callback(host.__exit__)
            return host

        yield make


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """Without triggers, signed in as its administrator."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    environment = {"RAG_CORS_ORIGINS": "https://app.example.com", "RAG_ACCESS_TOKEN_MINUTES": "60"}
    with RealHost(data, models=weights, arguments=("--only", "http"), environment=environment) as host:
        host.sign_in()
        yield host


@pytest.fixture
def kept() -> Callable[[Answer], Answer]:
    """Checks that an answer keeps what is promised of each."""

    def kept(answer: Answer) -> Answer:
        assert not broken_promises(answer.status, answer.headers, answer.body), answer
        return answer

    return kept


@pytest.fixture(autouse=True)
def healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test the host answers as before."""
    host = request.getfixturevalue("served") if "served" in request.fixturenames else None
    yield
    if host is not None:
        assert host.client.get("/api/health/live").json() == {"status": "ok"}
        assert '"event": "request_failed"' not in host.text()
