"""Starts the real worker library under a Functions host of our own."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import httpx
import pytest

from tests.stand_ins.weights import weights  # noqa: F401 - a fixture
from tests.worker.worker_packages import PackagesMissing, worker_packages

if TYPE_CHECKING:
    from tests.worker.functions_host import FunctionsHost

StartHost: TypeAlias = Callable[..., AbstractContextManager[tuple["FunctionsHost", httpx.Client]]]


@pytest.fixture(scope="session")
def packages() -> Path:
    try:
        folder = worker_packages()
    except PackagesMissing as missing:
        pytest.skip(f"the worker library cannot be installed: {missing}")
    sys.path.append(str(folder))  # the host's end needs grpcio and the protocol's classes too
    return folder


@pytest.fixture(scope="session")
def start_host(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> StartHost:
    """`with start_host(script_root, **environment) as (host, client)`."""
    from tests.worker.front_door import FrontDoor
    from tests.worker.functions_host import FunctionsHost

    @contextmanager
    def start(script_root: Path, **environment: str) -> Iterator[tuple[FunctionsHost, httpx.Client]]:
        settings = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "PYTHON_ENABLE_INIT_INDEXING": "1",
            "PATH": os.environ["PATH"],
            **environment,
        }
        log = tmp_path_factory.mktemp("worker") / "worker.log"
        with (
            FunctionsHost(script_root, packages=packages, environment=settings, log=log) as host,
            httpx.Client(
                transport=FrontDoor(host, route_prefix=""), base_url="http://functions.test", timeout=60
            ) as client,
        ):
            yield host, client

    return start


@pytest.fixture(scope="module")
def local_profile(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:  # noqa: F811
    """Settings of the app on a folder of its own, with the small model."""
    return {
        "RAG_DATA": str(tmp_path_factory.mktemp("data")),
        "RAG_MODELS": str(weights.parent),
        "RAG_EMBEDDER": "minilm",
        "RAG_PARSER_WORKERS": "1",
        "RAG_EMBEDDER_THREADS": "1",
    }
