"""What stops the start says so in one line and exits 1; the first run shows the samples being indexed."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def refusal(host: RealHost) -> str:
    """What it says when it does not start."""
    host.launch()
    assert host.wait() == 1
    return host.text()


def test_a_taken_port_is_one_line(new_host: Callable[..., RealHost]) -> None:
    host = new_host()
    with socket.create_server(("127.0.0.1", host.port)):
        said = refusal(host)
    assert said.count("\n") == 1
    assert f"port {host.port} is taken" in said
    assert not host.data.exists()


def test_a_wrong_setting_is_one_line(new_host: Callable[..., RealHost]) -> None:
    said = refusal(new_host(environment={"RAG_CHAT_MODL": "openai"}))
    assert said.count("\n") == 1
    assert "RAG_CHAT_MODL is not a setting" in said


def test_a_folder_that_cannot_be_written_is_one_line(new_host: Callable[..., RealHost]) -> None:
    host = new_host()
    host.data.write_text("a file where the folder should be")
    said = refusal(host)
    assert said.count("\n") == 1
    assert "cannot write to the data folder" in said


def test_missing_weights_are_one_clear_line(new_host: Callable[..., RealHost], tmp_path: Path) -> None:
    said = refusal(new_host(environment={"RAG_MODELS": str(tmp_path / "nowhere")}))
    assert "Traceback" not in said
    assert "rag weights" in said


def test_the_first_run_indexes_the_samples_and_says_how_to_get_in(
    new_host: Callable[..., RealHost], tmp_path: Path
) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "pump.md").write_text("The pump runs for nine hours.")
    (samples / "empty.md").write_text("")
    host = new_host(arguments=("--samples", str(samples))).start()
    host.wait_until(lambda: "/api/auth/register" in host.text())
    said = host.text()
    assert said.index(f"answers at {host.client.base_url}") < said.index("[2/2]") < said.index("Register")
    assert "shared/pump.md: indexed, 1 section, 1 chunk" in said
    assert "shared/empty.md: failed" in said
    host.sign_in()
    assert host.status("shared/pump.md") == "indexed"


def test_later_runs_leave_the_samples_alone(new_host: Callable[..., RealHost], tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "pump.md").write_text("The pump runs for nine hours.")
    host = new_host(arguments=("--samples", str(samples))).start()
    host.sign_in()
    host.wait_for_status("shared/pump.md", "indexed")
    (host.data / "uploads/shared/pump.md").unlink()
    host.wait_until(lambda: host.document("shared/pump.md") is None)
    host.signal()
    assert host.wait() == 0
    host.start()
    host.wait_until(lambda: "Sign in at" in host.text())
    assert host.document("shared/pump.md") is None
