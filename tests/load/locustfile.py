"""Readers of a library, for Locust: new questions, follow-ups, whole answers, searches, as bench/query asks.

    pip install locust==2.47.0
    locust -f tests/load/locustfile.py --headless -u 100 -r 10 -t 1m --host http://127.0.0.1:7071

They sign in as LOAD_EMAIL with LOAD_PASSWORD, an account that is made where registration is open. A 503 with
Retry-After is shown as a failure of its own: that is load being shed, and not an error.
"""

import itertools
import json
import os

from locust import HttpUser, between, task

EMAIL = os.environ.get("LOAD_EMAIL", "load@example.com")
PASSWORD = os.environ.get("LOAD_PASSWORD", "correct horse battery")
QUESTION = os.environ.get("LOAD_QUESTION", "How many days of annual leave do I have?")
_numbers = itertools.count()


class Reader(HttpUser):
    """Reads an answer, thinks, asks the next question."""

    wait_time = between(1, 5)

    def on_start(self) -> None:
        self.conversation: str | None = None
        account = {"email": EMAIL, "password": PASSWORD}
        with self.client.post("/api/auth/register", json=account, catch_response=True) as response:
            if response.status_code in (403, 409, 429):  # it is there, or is to be made otherwise
                response.success()
        form = {"grant_type": "password", "username": EMAIL, "password": PASSWORD}
        with self.client.post("/api/auth/token", data=form, catch_response=True) as response:
            if not response.ok:
                response.failure("nobody may sign in: set LOAD_EMAIL and LOAD_PASSWORD")
                return
            self.client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    @task(6)
    def ask(self) -> None:
        self.conversation = self._stream({"question": _new_question()}, name="query: new")

    @task(2)
    def follow_up(self) -> None:
        asked = {"question": _new_question()}
        if self.conversation is not None:
            asked["conversation_id"] = self.conversation
        self.conversation = self._stream(asked, name="query: follow-up")

    @task(1)
    def ask_again(self) -> None:
        """What the cache of answers knows."""
        self._stream({"question": QUESTION}, name="query: the same")

    @task(1)
    def ask_for_json(self) -> None:
        self.client.post("/api/query", json={"question": _new_question()}, name="query: JSON")

    @task(1)
    def search(self) -> None:
        self.client.post("/api/search", json={"question": _new_question()})

    def _stream(self, asked: dict[str, str], *, name: str) -> str | None:
        """The conversation, read to its end."""
        headers = {"Accept": "text/event-stream"}
        conversation, last = None, ""
        with self.client.post(
            "/api/query", json=asked, headers=headers, stream=True, catch_response=True, name=name
        ) as response:
            if not response.ok:
                response.failure(f"{response.status_code}")
                return None
            for line in response.iter_lines(decode_unicode=True):
                kind, _, value = line.partition(": ")
                if kind == "event":
                    last = value
                elif kind == "data" and last == "context":
                    conversation = json.loads(value)["conversation_id"]
            if last != "done":
                response.failure(f"ended in {last or 'nothing'}")
        return conversation


def _new_question() -> str:
    return f"{QUESTION} ({next(_numbers)})"
