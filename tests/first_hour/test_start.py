"""What newcomers meet when it starts, or while it runs: each says in one line what to do."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

ROOT = Path(__file__).parents[2]
SIZE = 48 * 1024 * 1024  # bytes of a small disk


@pytest.fixture
def new_host(tmp_path: Path, weights: Path) -> Iterator[Callable[..., RealHost]]:
    with ExitStack() as stack:

        def make(name: str = "data", **options: Any) -> RealHost:
            host = RealHost(tmp_path / name, models=weights, **options)
            stack.callback(host.__exit__)
            return host

        yield make


def refusal(host: RealHost) -> str:
    """The last line that it says when it does not start."""
    host.launch()
    assert host.wait() == 1
    assert "Traceback" not in host.text()
    return host.text().splitlines()[-1]


def test_a_port_that_a_host_of_ours_has_leads_to_its_page(new_host: Callable[..., RealHost]) -> None:
    first = new_host("first").start()
    second = new_host("second", arguments=("--port", str(first.port)))
    said = refusal(second)
    assert f"RAG Functions runs there already: http://127.0.0.1:{first.port}/chat" in said
    assert "make up PORT=" in said
    assert not second.data.exists()


def test_the_folder_of_a_newer_release_is_left_alone(new_host: Callable[..., RealHost]) -> None:
    host = new_host()
    host.data.mkdir()
    with closing(sqlite3.connect(host.data / "metadata.db")) as newer:
        newer.execute("PRAGMA user_version = 999")
    said = refusal(host)
    assert "was written by a newer release" in said
    assert "upgrade, or point RAG_DATA to another folder" in said


def test_a_scan_without_tesseract_says_what_to_install(
    new_host: Callable[..., RealHost], tmp_path: Path
) -> None:
    """On a path on which there is nothing at all."""
    host = new_host(environment={"PATH": str(tmp_path)}).start()
    host.sign_in()
    host.put("shared/canteen.png", (ROOT / "samples/canteen-notice-scan.png").read_bytes())
    document = host.wait_for_status("shared/canteen.png", "failed")
    assert "install tesseract-ocr" in document["reason"]


def test_a_disk_that_becomes_full_refuses_uploads_in_words_and_answers_again_once_there_is_room(
    new_host: Callable[..., RealHost],
) -> None:
    host = new_host()
    host.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(host.data)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no mounts for whoever runs this")
    try:
        host.start()
        host.sign_in()
        filler = host.data / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(SIZE))
        refused = host.client.put("/api/documents/pump.txt", content=b"The pump runs for nine hours. " * 9000)
        assert refused.status_code in (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.INSUFFICIENT_STORAGE)
        assert "disk" in refused.json()["detail"] or "space" in refused.json()["detail"]
        assert host.client.get("/api/health/live").status_code == httpx.codes.OK
        filler.unlink()
        host.put("shared/pump.txt", "The pump runs for nine hours.")
        host.wait_for_status("shared/pump.txt", "indexed")
    finally:
        host.__exit__()
        subprocess.run(["umount", "--lazy", str(host.data)], check=True)
