"""A new index version as an administrator meets it: built, compared, promoted, rolled back, removed.

Meanwhile somebody asks without a pause, and is answered from one index or the other, never from less.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real_host import RealHost
from tests.story.test_main_job import HANDBOOK, QUESTION, SAMPLES, found, put
from tests.worker.person import Person, succeeded

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


class Rag:
    """The command line, signed in."""

    def __init__(self, host: RealHost, person: Person) -> None:
        token = person.request("GET", "/api/auth/me").request.headers["Authorization"].split()[1]
        self._environment = {"RAG_URL": f"http://127.0.0.1:{host.port}", "RAG_TOKEN": token, "PATH": ""}

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "cli.main", "index", *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout + ended.stderr


@contextmanager
def asking(host: RealHost, person: Person, seen: list[str]) -> Iterator[None]:
    """Searches beside the test; what it was answered from. Fails if an answer lacks the handbook."""
    is_over = threading.Event()
    failures: list[str] = []

    def go_on() -> None:
        while not is_over.wait(0.05):
            response = person.request("POST", "/api/query", json={"question": QUESTION})
            answer = response.json()
            if response.status_code != 200 or HANDBOOK not in {c["document"] for c in answer["citations"]}:
                failures.append(response.text)
                return
            seen.append(answer["index"])

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
        count = len(seen)
        host.wait_until(lambda: len(seen) > count + 2 or not thread.is_alive())
    finally:
        is_over.set()
        thread.join()
    assert failures == []


def indexes(person: Person) -> dict[str, dict[str, Any]]:
    listed = succeeded(person.request("GET", "/api/indexes"), 200)["indexes"]
    return {each["name"]: each for each in listed}


def test_an_index_is_renewed_while_questions_are_answered(host: RealHost, ada: Person, bob: Person) -> None:
    rag = Rag(host, ada)
    put(host, ada, HANDBOOK, (SAMPLES / "employee-handbook.pdf").read_bytes())
    put(host, ada, "shared/canteen.md", "# Canteen\n\nThe canteen serves soup on Mondays.\n")
    (old,) = indexes(ada)
    seen: list[str] = []
    with asking(host, ada, seen):
        built = rag("build", "--chunk-chars", "500", "--chunk-overlap", "60", "--wait")
        new = next(name for name in indexes(ada) if name != old)
        assert "2 documents" in built.splitlines()[-1]
        put(host, ada, "shared/garage.md", "# Garage\n\nThe garage opens at six.\n")
        assert "may be promoted" in rag("gate", new)
        rag("promote", new)
        host.wait_until(lambda: bool(seen) and seen[-1] == new)
        put(host, ada, "shared/library.md", "# Library\n\nThe library lends atlases.\n")
        host.wait_until(lambda: not indexes(ada)[old]["missing"])
        assert old in rag("rollback")
        host.wait_until(lambda: seen[-1] == old)
        assert "shared/library.md" in found(ada, "What does the library lend?")
        rag("promote", new, "--force")
        host.wait_until(lambda: seen[-1] == new)
        assert f"{old} is removed" in rag("remove", old)
    assert set(seen) == {old, new}
    assert {name: each["state"] for name, each in indexes(ada).items()} == {old: "removed", new: "live"}
    assert indexes(ada)[new]["documents"] == 4
    assert indexes(ada)[new]["gate"]["questions"] >= 1
    assert "409" in rag("remove", new, code=1)
    assert "administrators" in Rag(host, bob)("list", code=1)
