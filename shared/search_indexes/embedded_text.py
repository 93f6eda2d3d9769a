"""BM25 of the embedded search index: a tantivy folder that is derived from the record.

`embedded_text_writer` fills it, in one process at a time; every process searches it through `TextSearcher`.
One document is always there, the mark: row 0, which carries the position that the commit stands at.
"""

import json
import re
import threading
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from shared.language import function_words
from shared.search_indexes.embedded_records import START, Position
from shared.search_indexes.embedded_weights import Readable, Weight, Weights

MARK_ROW = 0

_MAX_CHARS = 10_000  # of a query; a question is far shorter
_MAX_TERMS = 32
_SMALL_INDEX = 1_000  # chunks; below it every term counts, however frequent
_FREQUENT = 0.5  # a term in more of the chunks than this ranks next to nothing and costs most

# Scripts that are written without spaces are indexed as overlapping pairs of characters: Thai to Khmer,
# kana, Han ideographs.
_WORD = re.compile(r"\w+")
_ABBREVIATION = re.compile(r"[A-Z]{2,}")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f]+"
)


class TextIndexError(Exception):
    """The derived text index cannot be used; throw it away and build it from the record."""


def searchable(text: str) -> str:
    """One spelling for ligatures, widths and accents, and something between words that have no spaces."""
    if text.isascii():
        return text
    text = text.encode("utf-8", "replace").decode()
    return _UNSPACED.sub(_pairs, unicodedata.normalize("NFKC", text))


def _pairs(found: re.Match[str]) -> str:
    run = found.group()
    return f" {' '.join(run[i : i + 2] for i in range(max(1, len(run) - 1)))} "


def without_function_words(question: str) -> str:
    """Without `how`, `is` and `the` of its language, unless nothing else is in it, or they are written as IT
    and US are."""
    known = function_words(question)
    rest = _WORD.sub(
        lambda word: "" if word[0].casefold() in known and not _ABBREVIATION.fullmatch(word[0]) else word[0],
        question.casefold() if question.isupper() else question,
    )
    return rest if _WORD.search(rest) else question


def make_analyzer() -> tantivy.TextAnalyzer:
    """English stems; other languages lose an ending here and there, alike in passages and questions."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(64))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def make_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_unsigned_field("document", indexed=True)
    builder.add_unsigned_field("mark_row", fast=True)
    builder.add_unsigned_field("mark_change", fast=True)
    builder.add_text_field("text", tokenizer_name="passages", index_option="freq")
    return builder.build()


def open_folder(folder: Path, *, create: bool) -> tantivy.Index | None:
    """None if there is nothing in it. `TextIndexError` if what is there is not this index."""
    try:
        if not create and not (folder.is_dir() and tantivy.Index.exists(str(folder))):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(make_schema(), path=str(folder))
        index.register_tokenizer("passages", make_analyzer())
        index.config_reader("manual")
        index.reload()
    except (ValueError, OSError) as error:
        raise TextIndexError(str(error)) from error
    return index


def verify(folder: Path) -> None:
    """Compare each file of the last commit with the checksum in its footer, which tantivy itself never does.

    A file ends with a JSON footer, the footer's length and a magic number (u32, little endian). Only for
    the holder of the writer's lock: nobody else removes files meanwhile.
    """
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        for segment in meta["segments"]:
            for file in folder.glob(f"{segment['segment_id'].replace('-', '')}.*"):
                content = memoryview(file.read_bytes())
                footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
                if zlib.crc32(content[:footer]) != json.loads(bytes(content[footer:-8]))["crc"]:
                    raise TextIndexError(f"{file.name} is damaged")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise TextIndexError(str(error)) from error


def position_of(searcher: tantivy.Searcher) -> Position:
    """What the commit that this searcher sees has taken in."""
    mark = tantivy.Query.term_query(make_schema(), "row", MARK_ROW, "basic")
    try:
        found = [address for _, address in searcher.search(mark, 1, count=False).hits]
        if not found:
            return START
        row = searcher.fast_field_values("mark_row", found)[0]
        change = searcher.fast_field_values("mark_change", found)[0]
    except (ValueError, OSError) as error:
        raise TextIndexError(str(error)) from error
    return Position(int(row or 0), int(change or 0))


@dataclass(frozen=True, kw_only=True)
class TextQuery:
    query: tantivy.Query | None  # none of its words is in the index
    most: float  # the BM25 score that no passage exceeds, words that are in none included


class TextSnapshot:
    """The text index as of one commit. Any thread may search it."""

    def __init__(self, searcher: tantivy.Searcher, position: Position) -> None:
        self.position = position
        self._searcher = searcher
        self._schema = make_schema()
        self._analyzer = make_analyzer()
        self._weights = Weights(searcher, self._schema, mark_row=MARK_ROW)

    def search(
        self, asked: TextQuery, depth: int, documents: list[int] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows and BM25 scores of the best `depth`, live or not; only of `documents`, unless None."""
        query = asked.query
        if query is None:
            return np.zeros(0, np.int64), np.zeros(0)
        if documents is not None:
            wanted = tantivy.Query.term_set_query(self._schema, "document", documents)
            is_wanted = tantivy.Query.const_score_query(wanted, 0.0)
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, is_wanted)]
            )
        try:
            hits = self._searcher.search(query, depth, count=False).hits
            rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        except (ValueError, OSError) as error:
            raise TextIndexError(str(error)) from error
        return np.array(rows, np.int64), np.array([score for score, _ in hits], np.float64)

    def query(self, text: str, readable: Readable) -> TextQuery:
        """Any of the words: none is read as an operator. Each weighs as it is rare among `readable`."""
        text = text[:_MAX_CHARS]
        terms = list(dict.fromkeys(self._analyzer.analyze(searchable(without_function_words(text)))))
        try:
            weights = {term: self._weights.of(term, readable) for term in terms}
        except (ValueError, OSError) as error:
            raise TextIndexError(str(error)) from error
        found = sorted(
            (term for term in terms if weights[term].frequency), key=lambda term: weights[term].frequency
        )
        most = readable.count * _FREQUENT
        if readable.count > _SMALL_INDEX and found and weights[found[0]].frequency <= most:
            found = [term for term in found if weights[term].frequency <= most]
        found = found[:_MAX_TERMS]
        clauses = [(tantivy.Occur.Should, self._weighed(term, weights[term])) for term in found]
        unknown = [term for term in terms if not weights[term].frequency][:_MAX_TERMS]
        return TextQuery(
            query=tantivy.Query.boolean_query(clauses) if clauses else None,
            most=sum(weights[term].most for term in found + unknown),
        )

    def _weighed(self, term: str, weight: Weight) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, "text", term, "freq")
        return tantivy.Query.boost_query(query, weight.boost)


class TextSearcher:
    """Keeps the newest snapshot of the folder that the record names. Any thread may call it."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._folder = ""
        self._index: tantivy.Index | None = None
        self._snapshot: TextSnapshot | None = None

    def catch_up(self, folder: str, target: Position) -> TextSnapshot | None:
        """As near to `target` as the last commit is; None before the first. `TextIndexError`."""
        snapshot = self._snapshot
        if snapshot and self._folder == folder and snapshot.position.covers(target):
            return snapshot
        with self._lock:
            if self._folder != folder:
                self._folder, self._index, self._snapshot = folder, None, None
            try:
                self._snapshot = self._newest()
            except TextIndexError:
                self._folder, self._index, self._snapshot = "", None, None
                raise
            return self._snapshot

    def _newest(self) -> TextSnapshot | None:
        if self._index is None:
            self._index = open_folder(self._parent / self._folder, create=False)
            if self._index is None:
                return None
        try:
            self._index.reload()
        except (ValueError, OSError) as error:
            raise TextIndexError(str(error)) from error
        searcher = self._index.searcher()
        position = position_of(searcher)
        if self._snapshot and self._snapshot.position == position:
            return self._snapshot
        return TextSnapshot(searcher, position)
