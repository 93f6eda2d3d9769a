"""The README's commands work as they are printed."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real_host import RealHost

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_lines_of_the_readme_register_upload_ask_and_stream(new_host: Callable[..., RealHost]) -> None:
    host = new_host(arguments=("--samples", str(ROOT / "samples"))).start()
    for number, _ in enumerate((ROOT / "samples").iterdir(), 1):  # one by one: a busy machine takes its time
        host.wait_until(lambda line=f"[{number}/": line in host.text())  # type: ignore[misc]
    host.wait_until(lambda: "/api/auth/register" in host.text())
    block = re.search(r"```bash\n(API=.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    script = block[1].replace("127.0.0.1:7071", f"127.0.0.1:{host.port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert '"is_administrator":true' in done.stdout
    assert '"name":"handbook.pdf","status":"queued"' in done.stdout
    assert done.stdout.count("29 days") >= 2
    assert "event: done" in done.stdout
    host.sign_in(password="correct horse battery")  # the one of the README
    assert host.wait_for_status("handbook.pdf", "indexed")["pages"] == 5
