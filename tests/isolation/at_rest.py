"""What lies in the cache and in the queues says nothing that it is not there to say."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.isolation.canaries import canaries_in
from tests.isolation.truth import Leak, Truth


def check(folder: Path, truth: Truth) -> None:
    """Errors: `Leak`."""
    for (body,) in _rows(folder / "queue.db", "SELECT body FROM messages"):
        if private := _private(body, truth) - canaries_in(" ".join(truth.named)):
            raise Leak(f"a message has {sorted(private)}: {body}")
    for key, value in _rows(folder / "cache.db", "SELECT key, value FROM entries"):
        if private := _private(key, truth):
            raise Leak(f"a key of the cache has {sorted(private)}: {key}")
        text = bytes(value).decode("latin-1")
        words = _private(text, truth)
        if words and not (key.startswith("answer") and _is_somebodys(words, text, truth)):
            raise Leak(f"the cache has, under {key}, what nobody is told together: {sorted(words)}: {text}")


def _is_somebodys(words: set[str], value: str, truth: Truth) -> bool:
    """An answer: of the documents that it names, and of what somebody has asked and been told before."""
    said = set().union(*(truth.said.get(each, set()) for each in json.loads(value)["documents"]))
    return any(words <= said | person.told | person.typed for person in truth.people)


def _private(text: str, truth: Truth) -> set[str]:
    return set(canaries_in(text) & truth.issued)


def _rows(file: Path, statement: str) -> list[tuple[str, ...]]:
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()
