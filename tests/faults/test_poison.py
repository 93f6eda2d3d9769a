"""Five failing attempts park a document where a person sees it; a retry brings it back."""

import json
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
