"""Who asks and uploads under load, for Locust; each scenario is a file beside this one.

They sign in as LOAD_EMAIL with LOAD_PASSWORD, an account that is made where registration is open. Answers
that were turned away under load (503 with Retry-After) are counted as `shed`, apart from failures. What a
scenario has to keep stands in `thresholds.json`; Locust's exit code is 1 if it does not.
"""

import itertools
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gevent.lock import BoundedSemaphore
from locust import HttpUser, between, events, task
from locust.env import Environment

THRESHOLDS = Path(os.environ.get("LOAD_THRESHOLDS", Path(__file__).with_name("thresholds.json")))
EMAIL = os.environ.get("LOAD_EMAIL", "load@example.com")
QUESTION = os.environ.get("LOAD_QUESTION", "How many days of annual leave do I have?")
_PATIENCE = 120.0  # seconds for a document
_SIGNED_IN_FOR = 600.0  # seconds; an access token lives longer
_numbers = itertools.count()


class Person(HttpUser):
    """Thinks between two questions. All are one account, signed in once for ten minutes."""

    abstract = True
    wait_time = between(0.5, 2)
    _signing_in = BoundedSemaphore()
    _signed_in_at = float("-inf")
    _token = ""

    def sign_in(self) -> None:
        with Person._signing_in:
            if time.monotonic() - Person._signed_in_at > _SIGNED_IN_FOR:
                Person._token = self._token_of(EMAIL, os.environ["LOAD_PASSWORD"])
                Person._signed_in_at = time.monotonic()
        self.client.headers["Authorization"] = f"Bearer {Person._token}"

    def _token_of(self, email: str, password: str) -> str:
        account = {"email": email, "password": password}
        with self.client.post("/api/auth/register", json=account, catch_response=True) as response:
            if response.status_code in (403, 409, 429):  # it is there, or is to be made otherwise
                response.success()
        form = {"grant_type": "password", "username": email, "password": password}
        with self.client.post("/api/auth/token", data=form, catch_response=True) as response:
            if not response.ok:
                response.failure("nobody may sign in: set LOAD_EMAIL and LOAD_PASSWORD")
                return ""
            return str(response.json()["access_token"])

    @contextmanager
    def answer(self, path: str, name: str, asked: dict[str, str], **options: Any) -> Iterator[Any]:
        """None for one that was shed or failed, which is then counted already."""
        self.sign_in()
        with self.client.post(path, json=asked, name=name, catch_response=True, **options) as response:
            if response.status_code == 503 and "Retry-After" in response.headers:
                response.request_meta["name"] = "shed"
                response.success()
                yield None
            elif not response.ok:
                response.failure(f"{response.status_code}")
                yield None
            else:
                yield response


class Asker(Person):
    @task(6)
    def ask(self) -> None:
        with self.answer("/api/query", "ask", {"question": new_question()}) as response:
            if response is not None and not response.json()["answer"]:
                response.failure("no answer")

    @task(1)
    def ask_again(self) -> None:
        """What the cache of answers knows."""
        with self.answer("/api/query", "ask: the same", {"question": QUESTION}):
            pass

    @task(2)
    def search(self) -> None:
        with self.answer("/api/search", "search", {"question": new_question()}):
            pass


class Streamer(Person):
    """Reads every answer to its end; follow-ups too."""

    conversation = ""

    @task(3)
    def ask(self) -> None:
        self.conversation = self._stream({"question": new_question()})

    @task(1)
    def follow_up(self) -> None:
        asked = {"question": new_question()}
        if self.conversation:
            asked["conversation_id"] = self.conversation
        self.conversation = self._stream(asked)

    def _stream(self, asked: dict[str, str]) -> str:
        headers = {"Accept": "text/event-stream"}
        began, conversation, last = time.perf_counter(), "", ""
        with self.answer("/api/query", "stream", asked, headers=headers, stream=True) as response:
            if response is None:
                return ""
            for line in response.iter_lines(chunk_size=32, decode_unicode=True):
                kind, _, value = line.partition(": ")
                if kind == "event":
                    if not last:
                        self._note("first event", began)
                    last = value
                elif kind == "data" and last == "context":
                    conversation = json.loads(value)["conversation_id"]
            # Else it is the time to the headers.
            response.request_meta["response_time"] = (time.perf_counter() - began) * 1000
            if last != "done":
                response.failure(f"ended in {last or 'nothing'}")
        return conversation

    def _note(self, name: str, began: float) -> None:
        taken = (time.perf_counter() - began) * 1000
        events.request.fire(
            request_type="POST", name=name, response_time=taken, response_length=0, exception=None, context={}
        )


class Uploader(Person):
    """Uploads a page, waits until it is indexed, deletes it."""

    @task
    def upload(self) -> None:
        self.sign_in()
        number = f"{os.getpid()}-{next(_numbers)}"
        text = "\n\n".join(f"Clause {n} of agreement {number}: delivery in {n} days." for n in range(60))
        began = time.perf_counter()
        with self.client.put(
            f"/api/documents/load/{number}.md", data=text.encode(), name="upload", catch_response=True
        ) as response:
            if response.status_code != 202:
                response.failure(f"{response.status_code}")
                return
        document = f"/api/documents/{response.json()['id']}"
        self._follow(document, began)
        self.client.delete(document, name="delete")

    def _follow(self, document: str, began: float) -> None:
        status, error = "queued", None
        while status not in ("indexed", "failed") and time.perf_counter() - began < _PATIENCE:
            time.sleep(0.25)
            status = self.client.get(document, name="status").json().get("status", "failed")
        if status != "indexed":
            error = RuntimeError(f"the document is {status}")
        taken = (time.perf_counter() - began) * 1000
        events.request.fire(
            request_type="PUT", name="until indexed", response_time=taken, response_length=0,
            exception=error, context={},
        )  # fmt: skip


def new_question() -> str:
    return f"{QUESTION} ({os.getpid()}-{next(_numbers)})"


def misses(stats: Any, kept: dict[str, Any]) -> list[str]:
    """What of the thresholds was not kept, a line each."""
    total = max(stats.total.num_requests, 1)
    shed = sum(each.num_requests for each in stats.entries.values() if each.name == "shed")
    found = []
    if stats.total.num_failures / total > kept["failed"]:
        found.append(f"{stats.total.num_failures} of {total} requests failed")
    if shed / total > kept["shed"]:
        found.append(f"{shed} of {total} requests were shed")
    for name, most in kept["p95_ms"].items():
        entries = [each for each in stats.entries.values() if each.name == name]
        if not entries:
            found.append(f"{name}: never done")
        found += [
            f"{name}: p95 {each.get_response_time_percentile(0.95):.0f} ms, {most} allowed"
            for each in entries
            if each.get_response_time_percentile(0.95) > most
        ]
    return found


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    scenario = Path(environment.parsed_options.locustfile).stem  # type: ignore[union-attr]
    missed = misses(environment.stats, json.loads(THRESHOLDS.read_text())[scenario])
    for each in missed:
        print(f"NOT KEPT {scenario}: {each}")
    environment.process_exit_code = 1 if missed else 0
