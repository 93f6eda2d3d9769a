"""Files put straight into the container's folder: picked up within two seconds, and also after a pause."""

import time

import pytest

from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

NAME = "shared/garden/plan.md"


def test_a_dropped_file_is_picked_up_changed_and_deleted_within_two_seconds(host: RealHost) -> None:
    began = time.monotonic()
    file = host.drop(NAME, "The alder stands beside the pond.")
    host.wait_until(lambda: host.document(NAME) is not None, every=0.02)
    assert time.monotonic() - began < 2
    first = host.wait_for_status(NAME, "indexed")

    host.drop(NAME, "The birch stands beside the pond.")
    host.wait_until(lambda: "birch" in host.search("What stands beside the pond?")[0]["content"])
    assert host.wait_for_status(NAME, "indexed")["created_at"] == first["created_at"]

    began = time.monotonic()
    file.unlink()
    host.wait_until(lambda: host.document(NAME) is None, every=0.02)
    assert time.monotonic() - began < 2
    assert host.search("What stands beside the pond?") == []


def test_what_came_changed_and_went_while_it_was_down_is_found_at_the_start(host: RealHost) -> None:
    for tree in ("oak", "elm"):
        host.drop(f"shared/{tree}.md", f"The {tree} stands beside the pond.")
        host.wait_for_status(f"shared/{tree}.md", "indexed")
    host.signal()
    assert host.wait() == 0
    host.drop("shared/oak.md", "The oak was felled in autumn.")
    (host.data / "uploads/shared/elm.md").unlink()
    host.drop("shared/ash.md", "The ash stands beside the pond.")
    host.start()
    host.wait_for_status("shared/ash.md", "indexed")
    host.wait_until(lambda: host.document("shared/elm.md") is None)
    host.wait_until(lambda: "felled" in host.search("What happened to the oak?")[0]["content"])
    assert {p["document"] for p in host.search("pond oak elm ash")} == {"shared/oak.md", "shared/ash.md"}


def test_a_file_of_one_user_is_that_users_alone(host: RealHost) -> None:
    user_id = host.client.get("/api/auth/me").json()["user_id"]
    host.drop(f"users/{user_id}/diary.md", "The alder stands beside the pond.")
    host.wait_for_status("diary.md", "indexed")
    host.sign_in("bob@example.com")
    assert host.document("diary.md") is None
    assert host.search("What stands beside the pond?") == []
