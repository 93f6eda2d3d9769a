"""Redis, as Debian ships it."""

import functools
import os
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest

from tests.servers.process import free_port, listens, start, temporary_folder

_NAMED = "TEST_REDIS_URL"
_DATABASES = 16  # unless it is configured otherwise


@functools.cache
def address() -> str:
    """Its `redis://` URL. Processes that run tests side by side have a database each, also on a named one."""
    if _NAMED not in os.environ:
        port = free_port()
        start_server(port)
        os.environ[_NAMED] = f"redis://127.0.0.1:{port}/0"
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(os.environ[_NAMED])._replace(path=f"/{int(number) % _DATABASES}").geturl()


def start_server(port: int, *arguments: str) -> subprocess.Popen[bytes]:
    """One of the test's own, which keeps nothing; `arguments` as in its configuration file."""
    if not (binary := shutil.which("redis-server")):
        pytest.skip("install redis-server")
    folder = temporary_folder("redis")
    bound = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "")
    return start([binary, *bound, *arguments], log=folder / "log", answers=lambda: listens(port))
