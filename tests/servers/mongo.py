"""A MongoDB server for the tests: one that `TEST_MONGODB_URI` names, or the best that can be started here.

That is DocumentDB behind our gateway where it is installed, and else mongoeco's wire server, which is only
Python (3.13 and newer), keeps everything in memory and is tested by its authors against MongoDB's answers.
`python -m tests.servers.mongo <port>` is that server.
"""

import asyncio
import functools
import gc
import hashlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
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
    port = free_port()
    command: list[str | Path]
    if documentdb.is_installed():
        command = ["tests.servers.mongo_gateway", str(port), documentdb.serve()]
    elif importlib.util.find_spec("mongoeco"):
        command = ["tests.servers.mongo", str(port)]
    else:
        pytest.skip(
            "no MongoDB: name one by TEST_MONGODB_URI; or run `python -m tests.servers.documentdb install` "
            "as root on Debian; or, with Python 3.13, install mongoeco[wire]"
        )
    start(
        [sys.executable, "-m", *command],
        log=temporary_folder("mongo") / "log",
        answers=lambda: listens(port),
        environment={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    os.environ[_NAMED] = f"mongodb://127.0.0.1:{port}"
    return os.environ[_NAMED]


def database_for(folder: Path) -> str:
    """A name for the test's own database: the same in every process that works on the folder."""
    return f"rag-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


async def _serve(port: int) -> None:
    from mongoeco.wire import AsyncMongoEcoProxyServer

    async with AsyncMongoEcoProxyServer(port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))


@pytest.fixture
def swept() -> Iterator[None]:
    """pymongo, closed while it connects, leaves that socket to the garbage collector, and so to any test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
