import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from shared.domain import Feedback
from shared.metadata_stores.sqlite import SqliteMetadataStore


async def test_a_later_word_on_the_same_answer_replaces_the_earlier_one(tmp_path: Path) -> None:
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    first = Feedback(
        user_id="ann", conversation_id="c", request_id="r", rating="up", comment="", given_at=1.0
    )
    await store.add_feedback(first)
    await store.add_feedback(replace(first, rating="down", comment="wrong page", given_at=2.0))
    await store.add_feedback(replace(first, user_id="ben"))
    await store.close()
    with closing(sqlite3.connect(tmp_path / "metadata.db")) as stored:
        rows = stored.execute("SELECT user_id, rating, comment FROM feedback ORDER BY user_id").fetchall()
    assert rows == [("ann", "down", "wrong page"), ("ben", "up", "")]
