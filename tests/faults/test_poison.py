"""Five failing attempts park a document where a person sees it; a retry brings it back."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

FAILING_APP = Path(__file__).parent / "failing_app"


def failures(host: RealHost) -> Counter[str]:
    """How often each message failed; a file may be announced more than once."""
    lines = (json.loads(line) for line in host.text().splitlines() if line.startswith("{"))
    return Counter(line["message_id"] for line in lines if line["event"] == "function_failed")


def rag(host: RealHost, *arguments: str) -> str:
    """What a command says to the host's user."""
    environment = {
        "PATH": "",
        "RAG_URL": str(host.client.base_url),
        "RAG_TOKEN": host.client.headers["Authorization"].removeprefix("Bearer "),
    }
    command = [sys.executable, "-m", "cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=True)
    return done.stdout


def test_what_is_parked_is_brought_back_in_one_command(new_host: Callable[..., RealHost]) -> None:
    host = new_host(code=FAILING_APP).start()
    host.sign_in()
    for number in range(3):
        host.put(f"unreadable-{number}.md", f"Pump {number} runs for nine hours.")
    for number in range(3):
        parked = host.wait_for_status(f"unreadable-{number}.md", "failed")
        assert (parked["is_parked"], parked["status_text"]) == (True, "failed (parked)")
        assert "told to fail" in parked["reason"]
    assert "failed            3  (3 parked)" in rag(host, "documents", "summary")
    assert rag(host, "documents").count("failed (parked)") == 3

    (host.data / "repaired").touch()
    assert rag(host, "documents", "retry", "--parked") == "3 documents queued again\n"
    for number in range(3):
        indexed = host.wait_for_status(f"unreadable-{number}.md", "indexed")
        assert (indexed["is_parked"], indexed["reason"]) == (False, None)
    summary = rag(host, "documents", "summary")
    assert "nothing waits" in summary
    assert "parked" not in summary


def test_five_failures_park_a_document_and_a_retry_indexes_it(new_host: Callable[..., RealHost]) -> None:
    host = new_host(code=FAILING_APP).start()
    host.sign_in()
    identifier = host.put("unreadable.md", "The pump runs for nine hours.")
    host.put("readable.md", "The filter is changed every Monday.")
    parked = host.wait_for_status("unreadable.md", "failed")
    assert "parked" in parked["reason"]
    assert max(failures(host).values()) == 5
    assert host.wait_for_status("readable.md", "indexed")["chunks"] == 1

    (host.data / "repaired").touch()
    host.client.post(f"/api/documents/{identifier}/retry").raise_for_status()
    assert host.wait_for_status("unreadable.md", "indexed")["reason"] is None
