"""Prometheus, as Debian ships it, with the product's own configuration asking a host of the test."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.servers.process import free_port, start, stop

MONITORING = Path(__file__).parents[2] / "infra/monitoring"
_PATIENCE = 60.0  # seconds until something is to be seen in Prometheus


class Prometheus:
    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30, trust_env=False)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Its samples now. Errors: `ValueError` with Prometheus's own words."""
        answer = self._client.get("/query", params={"query": expression}).json()
        if answer["status"] != "success":
            raise ValueError(f"{answer['error']}: {expression}")
        found = answer["data"]["result"]
        return found if isinstance(found, list) else [found]

    def series(self) -> list[dict[str, str]]:
        """The labels of each series that it has."""
        answer = self._client.get("/series", params={"match[]": '{__name__=~".+"}'}).json()
        found: list[dict[str, str]] = answer["data"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        groups = self._client.get("/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < until, f"Prometheus does not show in time: {what}"
            time.sleep(0.2)

    def close(self) -> None:
        self._client.close()


@contextmanager
def prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """One that asks `target` (host:port) every second, and evaluates the product's rules as often."""
    if not (binary := shutil.which("prometheus")):
        pytest.skip("install prometheus")
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / files) for files in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    del config["alerting"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    own = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    listening = (f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn")
    process = start(
        [binary, *own, *listening], log=folder / "prometheus.log", answers=lambda: _is_ready(port)
    )
    server = Prometheus(port)
    try:
        yield server
    finally:
        server.close()
        stop(process)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def promtool(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    if not (binary := shutil.which("promtool")):
        pytest.skip("install prometheus")
    return subprocess.run(
        [binary, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False
    )
