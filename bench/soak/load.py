"""What people do to a host all day, drawn with a fixed seed: questions, searches, uploads, mistakes.

The number of documents, accounts and conversations stays as it is after a while, so that what still grows
is not theirs. Used by `bench.soak`.
"""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.real_host import PASSWORD, RealHost

SEED = 11
_SAMPLES = Path(__file__).parents[2] / "samples"
_QUESTIONS = (
    "How many days of annual leave do I have?",
    "What does the LS-300 cost?",
    "How long is the warranty?",
    "Who attended the quality meeting?",
    "What was decided about calibration?",
    "Wie hoch ist das Tagegeld?",
    "How is a delayed shipment reported?",
    "What is the boiling point of the moon's cheese?",
)
_DOCUMENTS = 30
_CONVERSATIONS = 30
_ACCOUNTS = 5
_AT_ONCE = 8
_OK = frozenset({200, 201, 202, 204})


class MixedLoad:
    """`step` does one of the `things`, which have weights.

    `done` counts what was done, `failed` what was answered as it should not be.
    """

    def __init__(self, host: RealHost) -> None:
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._host = host
        self._client = host.client
        self._random = random.Random(SEED)
        self._documents: dict[str, str] = {}  # name: id
        self._conversations: list[str] = []
        self._threads = ThreadPoolExecutor(_AT_ONCE)
        self.things: dict[Callable[[], None], int] = {
            self._ask: 20,
            self._ask_as_stream: 18,
            self._ask_again: 6,
            self._search: 12,
            self._chat: 3,
            self._complete: 3,
            self._leave: 3,
            self._upload: 9,
            self._delete: 3,
            self._look: 6,
            self._read_and_forget: 5,
            self._sign_in: 2,
            self._mistake: 8,
            self._search_at_once: 2,
        }

    def prepare(self) -> None:
        self._host.sign_in()
        for number in range(_ACCOUNTS):
            account = {"email": f"user{number}@example.com", "password": PASSWORD}
            self._client.post("/api/auth/register", json=account).raise_for_status()
        for sample in sorted(path for path in _SAMPLES.iterdir() if path.is_file()):
            self._host.put(f"shared/{sample.name}", sample.read_bytes())
            self._host.wait_for_status(f"shared/{sample.name}", "indexed")

    def step(self) -> None:
        (thing,) = self._random.choices(list(self.things), weights=self.things.values())
        self.done[thing.__name__.strip("_")] += 1
        thing()

    def close(self) -> None:
        self._threads.shutdown()

    def _send(
        self, method: str, path: str, *, expect: frozenset[int] = _OK, **what: object
    ) -> httpx.Response:
        response = self._client.request(method, path, **what)  # type: ignore[arg-type]
        if response.status_code not in expect:
            self.failed[f"{method} {path.partition('?')[0][:40]}: {response.status_code}"] += 1
        return response

    def _question(self) -> str:
        return f"{self._random.choice(_QUESTIONS)} ({self._random.getrandbits(32)})"

    def _asked(self) -> dict[str, str]:
        """A new question, or one more of a conversation."""
        asked = {"question": self._question()}
        if self._conversations and self._random.random() < 0.4:
            asked["conversation_id"] = self._random.choice(self._conversations)
        return asked

    def _ask(self) -> None:
        answer = self._send("POST", "/api/query", json=self._asked())
        if answer.is_success:
            self._remember(answer.json()["conversation_id"])

    def _remember(self, conversation: str) -> None:
        if conversation not in self._conversations:
            self._conversations.append(conversation)

    def _ask_as_stream(self) -> None:
        answer = self._send("POST", "/api/query", json=self._asked(), headers={"Accept": "text/event-stream"})
        if "event: done" not in answer.text:
            self.failed["a stream without an end"] += 1

    def _ask_again(self) -> None:
        self._send("POST", "/api/query", json={"question": self._random.choice(_QUESTIONS)})

    def _search(self) -> None:
        self._send("POST", "/api/search", json={"question": self._question()})

    def _search_at_once(self) -> None:
        asked = [{"question": self._question()} for _ in range(_AT_ONCE)]
        list(self._threads.map(lambda each: self._send("POST", "/api/search", json=each), asked))

    def _chat(self) -> None:
        messages = [{"role": "user", "content": self._question()}]
        path = self._random.choice(["/api/chat", "/api/chat/stream"])
        self._send("POST", path, json={"messages": messages})

    def _complete(self) -> None:
        messages = [{"role": "user", "content": self._question()}]
        asked = {"model": "rag", "messages": messages, "stream": self._random.random() < 0.5}
        self._send("POST", "/api/v1/chat/completions", json=asked)

    def _leave(self) -> None:
        """Ask, and go away when the answer begins."""
        asked = {"question": self._question()}
        with self._client.stream(
            "POST", "/api/query", json=asked, headers={"Accept": "text/event-stream"}
        ) as answer:
            next(answer.iter_raw())

    def _upload(self) -> None:
        number = self._random.randrange(_DOCUMENTS)
        if number % 5 == 0:  # of a kind that needs a parser of its own
            samples = sorted(path for path in _SAMPLES.iterdir() if path.is_file())
            sample = self._random.choice(samples)
            name, content = f"notes/{number}{sample.suffix}", sample.read_bytes()
        else:
            words = " ".join(f"word{self._random.randrange(5_000)}" for _ in range(150))
            name, content = f"notes/{number}.txt", words.encode()
        stored = self._send("PUT", f"/api/documents/{name}", content=content)
        if stored.is_success:
            self._documents[name] = stored.json()["id"]

    def _delete(self) -> None:
        if self._documents:
            name = self._random.choice(sorted(self._documents))
            # 409: it is being ingested
            gone = self._send("DELETE", f"/api/documents/{self._documents[name]}", expect=_OK | {404, 409})
            if gone.is_success:
                del self._documents[name]

    def _look(self) -> None:
        paths = ("/api/documents", "/api/documents/summary", "/api/usage", "/api/metrics", "/chat")
        self._send("GET", self._random.choice((*paths, "/api/health/ready", "/api/auth/me")))

    def _read_and_forget(self) -> None:
        listed = self._send("GET", "/api/conversations", params={"limit": 100}).json()["conversations"]
        for each in listed[_CONVERSATIONS:]:
            self._send("DELETE", f"/api/conversations/{each['id']}")
        kept = [each["id"] for each in listed[:_CONVERSATIONS]]
        self._conversations = [each for each in self._conversations if each in kept]
        if kept:
            self._send("GET", f"/api/conversations/{self._random.choice(kept)}")

    def _sign_in(self) -> None:
        """Somebody comes, renews the session and goes; who asks all the time gets a new token."""
        name = f"user{self._random.randrange(_ACCOUNTS)}@example.com"
        tokens = self._tokens({"grant_type": "password", "username": name, "password": PASSWORD})
        tokens = self._tokens({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
        self._send("POST", "/api/auth/revoke", data={"token": tokens["refresh_token"]})
        own = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
        self._client.headers["Authorization"] = f"Bearer {self._tokens(own)['access_token']}"

    def _tokens(self, form: dict[str, str]) -> dict[str, str]:
        tokens: dict[str, str] = self._send("POST", "/api/auth/token", data=form).json()
        return tokens

    def _mistake(self) -> None:
        stranger = {"grant_type": "password", "username": "nobody@example.com", "password": "wrong horse"}
        mistakes: list[tuple[str, str, int, dict[str, object]]] = [
            ("POST", "/api/query", 422, {"content": b"{"}),
            ("POST", "/api/query", 422, {"json": {"question": "x" * 5_000}}),
            ("POST", "/api/search", 401, {"headers": {"Authorization": "Bearer no.such.token"}}),
            ("GET", f"/api/documents/{self._random.getrandbits(64):x}", 404, {}),
            ("GET", f"/api/{self._random.getrandbits(64):x}", 404, {}),
            ("POST", "/api/auth/token", 401, {"data": stranger}),
            ("PUT", "/api/documents/notes//secret.txt", 400, {"content": b"x"}),
            ("PUT", "/api/documents/notes/broken.pdf", 202, {"content": b"%PDF-1.7 and no more"}),
        ]
        method, path, status, what = self._random.choice(mistakes)
        self._send(method, path, expect=frozenset({status, 400, 429}), **what)
