"""A MongoDB server for the tests: one that `TEST_MONGODB_URI` names, or DocumentDB behind our gateway."""

import functools
import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests.servers import documentdb
from tests.servers.process import free_port, listens, start, temporary_folder

_NAMED = "TEST_MONGODB_URI"
_ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def address() -> str:
    """Its connection string. Skips the test where there is none."""
    if named := os.environ.get(_NAMED):
        return named
    if not documentdb.is_installed():
        pytest.skip(
            "no MongoDB: name one by TEST_MONGODB_URI, or, as root on Debian, "
            "run `python -m tests.servers.documentdb install`"
        )
    socket_folder = documentdb.serve()
    port = free_port()
    start(
        [sys.executable, "-m", "tests.servers.mongo_gateway", str(port), socket_folder],
        log=temporary_folder("mongo-gateway") / "log",
        answers=lambda: listens(port),
        environment={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    os.environ[_NAMED] = f"mongodb://127.0.0.1:{port}"
    return os.environ[_NAMED]


def database_for(folder: Path) -> str:
    """A name for the test's own database: the same in every process that works on the folder."""
    return f"rag-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
