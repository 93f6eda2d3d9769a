"""`EmbeddedSearchIndex`: hybrid search with nothing else installed or running. Built by compose.

SQLite holds chunks, embeddings and readers; any number of processes may share the folder, and a killed one
leaves nothing to repair. Searching uses two derived structures that catch up with SQLite by position: int8
codes in memory (`embedded_columns`) and a BM25 index in a folder (`embedded_text`). ADR 0003 says why.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from shared.domain import Chunk, Embedding, Hit, IndexedChunk, SearchQuery
from shared.errors import ConfigError
from shared.search_indexes import embedded_records as records
from shared.search_indexes.embedded_columns import Columns, ColumnTable, stored_vectors
from shared.search_indexes.embedded_fusion import Ranking, coverage, fuse
from shared.search_indexes.embedded_scan import Mask, Scan
from shared.search_indexes.embedded_text import TextIndexError, TextQuery, TextSearcher, TextSnapshot
from shared.search_indexes.embedded_text_writer import TextCatchUp
from shared.sqlite_file import SqliteFile

_DEPTH = 100  # ranks of each leg that are fused
_PAGE = 1_000  # versions that are listed at once
_SPARE = 30  # candidates of the int8 scan beyond top_k that get their exact score
_LEADERS, _FEEDBACK = 3, 0.2  # whose likeness counts, and how much beside the question's own
_FEW_DOCUMENTS = 1_000  # a filter on so many documents is cheaper inside tantivy than after it
_TEXT_WAIT = 0.8  # seconds that `write` waits for BM25 to have the chunks too

T = TypeVar("T")


class _Text(NamedTuple):
    ranking: Ranking
    most: float = 0.0  # that a passage could score
    last_row: int = 0  # that it has
    is_behind: bool = False
    damaged_folder: str | None = None


class _Found(NamedTuple):
    hits: list[Hit]
    is_text_behind: bool = False
    damaged_folder: str | None = None


_NO_TEXT = _Text([])
_NOTHING = _Found([])


def home_of(folder: Path, name: str) -> Path:
    """Where the files of an index lie. Errors: `ConfigError` for a name that is no folder's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name):
        raise ConfigError(f"{name!r} cannot name a search index; use letters, digits, dots and dashes")
    return folder / name


class EmbeddedSearchIndex:
    """Implements `SearchIndex`. Files lie in `folder/name`; none is opened before the first call."""

    def __init__(self, folder: Path, name: str, dimension: int) -> None:
        home = home_of(folder, name)
        self._name = name
        self._dimension = dimension
        self._records = SqliteFile(home / "chunks.sqlite", records.SCHEMA)
        self._columns = ColumnTable(dimension)
        self._text = TextSearcher(home)
        self._catch_up = TextCatchUp(self._records, home, dimension, self._text)
        self._is_checked = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        for indexed in chunks:
            self._check_dimension(indexed.embedding)
        last = list({indexed.chunk.id: indexed for indexed in chunks}.values())
        if not last:
            return

        def insert(connection: sqlite3.Connection) -> records.Position:
            vectors = stored_vectors([indexed.embedding for indexed in last])
            return records.write_chunks(connection, self._dimension, last, vectors)

        position = await self._records.write(insert)
        await self._catch_up.reach(position, seconds=_TEXT_WAIT)

    async def search(self, query: SearchQuery) -> list[Hit]:
        if query.embedding is not None:
            self._check_dimension(query.embedding)
        if query.top_k <= 0:
            return []
        found = None
        while found is None:  # another search has just read a newer state: so will the next try
            found = await self._records.read(lambda connection: self._search(connection, query))
        if found.damaged_folder:
            await self._catch_up.discard(found.damaged_folder)
        if found.is_text_behind or not self._is_checked:
            self._is_checked = True
            self._catch_up.wake()
        return found.hits

    async def chunk_ids(self, document_id: str, version: int) -> frozenset[str]:
        return await self._read(lambda c: records.read_chunk_ids(c, document_id, version))

    async def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[IndexedChunk]:
        return await self._read(lambda c: records.read_neighbours(c, chunk_id, before, after))

    async def passages(self, document_id: str, version: int, *, first: int, last: int) -> list[Chunk]:
        return await self._read(lambda c: records.read_passages(c, document_id, version, first, last))

    async def set_readers(self, document_id: str, readers: frozenset[str]) -> None:
        await self._records.write(lambda c: records.set_readers(c, document_id, readers))

    async def delete_versions(self, document_id: str, *, first: int = 0, last: int | None = None) -> int:
        return await self._records.write(lambda c: records.delete_versions(c, document_id, first, last))

    async def versions(self) -> AsyncIterator[tuple[str, int]]:
        after = (0, 0)
        while page := await self._read(partial(records.read_versions, after=after, limit=_PAGE)):
            for *_, version, document_id in page:
                yield document_id, version
            after = page[-1][:2]

    async def count(self) -> int:
        return await self._read(lambda c: int(c.execute("SELECT count(*) FROM chunks").fetchone()[0]))

    async def close(self) -> None:
        await self._catch_up.close()
        await self._records.close()
        self._columns.close()

    def _check_dimension(self, embedding: Embedding) -> None:
        if len(embedding) != self._dimension:
            raise ConfigError(
                f"the search index takes embeddings of {self._dimension} numbers, this one has "
                f"{len(embedding)}; set RAG_EMBEDDER to the model the index was built with"
            )

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        def checked(connection: sqlite3.Connection) -> T:
            records.read_state(connection, self._dimension)
            return query(connection)

        return await self._records.read(checked)

    def _search(self, connection: sqlite3.Connection, query: SearchQuery) -> _Found | None:
        """None if the columns are already past the state that this transaction sees."""
        state = records.read_state(connection, self._dimension)
        if state is None:
            return _NOTHING
        columns = self._columns.catch_up(connection, state.position)
        if columns.position != state.position:
            return None
        documents = None
        if query.document_ids is not None:
            documents = records.read_document_numbers(connection, query.document_ids)
        mask = columns.allowed(query.readers, documents)
        exact = query.top_k + _SPARE
        depth = max(_DEPTH, exact)
        embedding = None if query.mode == "text" else query.embedding
        scan = None if embedding is None else columns.scan(embedding, mask, depth)  # goes on beside the text
        text = _NO_TEXT if query.mode == "vector" else self._by_text(state, query, columns, mask, depth)
        vector = [] if scan is None else _by_cosine(connection, scan, columns, exact)
        ranking = vector or text.ranking
        if scan is not None and query.mode == "hybrid":
            ranking = _fused(vector, text, scan, columns)
        best = ranking[: query.top_k]
        chunks = records.read_chunks(connection, [row for row, _ in best])
        hits = [Hit(chunk=chunks[row], score=score) for row, score in best]
        return _Found(hits, text.is_behind, text.damaged_folder)

    def _by_text(
        self, state: records.State, query: SearchQuery, columns: Columns, mask: Mask, depth: int
    ) -> _Text:
        try:
            snapshot = self._text.catch_up(state.text_folder, state.position)
            if snapshot is None:
                return _Text([], is_behind=True)
            is_behind = not snapshot.position.covers(state.position)
            asked = snapshot.query(query.text, columns.readable_by(query.readers))
            ranking = _by_bm25(snapshot, asked, columns, mask, depth)
            return _Text(ranking, asked.most, snapshot.position.row, is_behind)
        except TextIndexError:
            return _Text([], is_behind=True, damaged_folder=state.text_folder)


def _by_cosine(connection: sqlite3.Connection, scan: Scan, columns: Columns, exact: int) -> Ranking:
    """Exact scores for the best `exact`; behind them what the codes say, which only decides fused ranks."""
    slots, scores = scan.best()
    rows = columns.rows[slots].tolist()
    found = connection.execute(
        "SELECT row, embedding FROM embeddings WHERE row IN (SELECT value FROM json_each(?))",
        (json.dumps(rows[:exact]),),
    ).fetchall()
    if not found:
        return []
    stored = np.frombuffer(b"".join(half for _, half in found), np.float16).astype(np.float32)
    cosines = stored.reshape(len(found), -1) @ scan.question
    order = np.argsort(-cosines, kind="stable")  # found is by row: ties go to the older one
    ranking = [(found[slot][0], float(cosines[slot])) for slot in order.tolist()]
    return ranking + list(zip(rows, scores.tolist(), strict=True))[exact:]


def _fused(vector: Ranking, text: _Text, scan: Scan, columns: Columns) -> Ranking:
    """Twice: what is like the first few of the first time is raised (Rocchio's pseudo-relevance feedback)."""
    cosines, bm25 = dict(vector), dict(text.ranking)
    others = [row for row in bm25 if row not in cosines]
    cosines.update(zip(others, scan.similarities(columns.slots(others)), strict=True))
    usual, covered = scan.mean(), coverage(bm25, text.most)
    ranking = fuse(cosines, bm25, usual=usual, covered=covered, last_row=text.last_row)
    feedback = _FEEDBACK * covered  # between two languages the first few are right too seldom
    if not feedback or len(ranking) <= _LEADERS:
        return ranking
    leaders = columns.slots([row for row, _ in ranking[:_LEADERS]])
    likeness = scan.likeness(leaders, columns.slots(list(cosines)))
    raised = {row: cosines[row] + feedback * like for row, like in zip(cosines, likeness, strict=True)}
    usual += feedback * min(likeness)
    return fuse(raised, bm25, usual=usual, covered=covered, last_row=text.last_row)


def _by_bm25(snapshot: TextSnapshot, asked: TextQuery, columns: Columns, mask: Mask, depth: int) -> Ranking:
    """The best `depth` that the mask lets through: search deeper until there are enough or no more."""
    share = max(int(np.count_nonzero(mask)), 1) / max(len(mask), 1)
    documents = None
    wanted = depth + 16
    if share < 0.2:
        among = np.unique(columns.documents[mask])
        documents = among.tolist() if len(among) <= _FEW_DOCUMENTS else None
    if documents is None:
        wanted = int(wanted / share * 1.2) if share < 1 else wanted
    while True:
        rows, scores = snapshot.search(asked, wanted, documents)
        kept = columns.readable(rows, mask)
        if np.count_nonzero(kept) >= depth or len(rows) < wanted:
            break
        wanted *= 4
    order = np.lexsort((rows[kept], -scores[kept]))[:depth]
    return list(zip(rows[kept][order].tolist(), scores[kept][order].tolist(), strict=True))
