"""The part of the embedded search index that stays in memory: who may see a row, and its int8 code.

Every search filters these columns and scans the codes (`embedded_scan`). ADR 0003 has the measurements that
speak for a scan and against a graph at this size.
"""

import json
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.domain import Embedding
from shared.search_indexes.embedded_feed import (
    Change,
    ColumnRow,
    read_changes,
    read_columns,
    read_reader_sets,
)
from shared.search_indexes.embedded_records import START, Position, StoredVector
from shared.search_indexes.embedded_scan import Floats, Ints, Mask, Scan, quantise, unit_vectors
from shared.search_indexes.embedded_weights import Readable

_MAX_DEAD = 1_000  # dead rows that are kept whatever the share of the live ones


def stored_vectors(embeddings: Sequence[Embedding]) -> list[StoredVector]:
    vectors = unit_vectors(embeddings)
    codes, scales = quantise(vectors)
    halves = vectors.astype(np.float16)
    return [
        StoredVector(half.tobytes(), code.tobytes(), float(scale))
        for half, code, scale in zip(halves, codes, scales, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The rows up to `position`, ascending. Nothing in it changes any more."""

    position: Position
    rows: Ints
    documents: Ints
    reader_sets: Ints
    is_live: Mask
    scales: Floats
    codes: NDArray[np.int8]
    sets_of_reader: dict[str, tuple[int, ...]]
    helpers: ThreadPoolExecutor  # of long scans

    def allowed(self, readers: frozenset[str] | None, documents: Sequence[int] | None) -> Mask:
        """The live rows that one of the readers may see and that belong to one of the documents."""
        mask = self.is_live
        if readers is not None:
            numbers = [number for reader in readers for number in self.sets_of_reader.get(reader, ())]
            mask = mask & _is_among(self.reader_sets, numbers)
        if documents is not None:
            mask = mask & _is_among(self.documents, documents)
        return mask

    def readable_by(self, readers: frozenset[str] | None) -> Readable:
        mask = self.allowed(readers, None)
        count = int(np.count_nonzero(mask))
        if count == len(mask):
            return Readable(count=count)
        return Readable(count=count, among=lambda rows: int(np.count_nonzero(self.readable(rows, mask))))

    def scan(self, embedding: Embedding, mask: Mask, count: int) -> Scan:
        """Has begun when this returns, if it is long."""
        scan = Scan(embedding, self.codes, self.scales, mask, count)
        scan.begin(self.helpers)
        return scan

    def slots(self, rows: Sequence[int]) -> Ints:
        """Where the rows, all of them there, have their codes."""
        return np.searchsorted(self.rows, rows)

    def readable(self, rows: Ints, mask: Mask) -> Mask:
        """Which of the rows are in the mask."""
        if len(self.rows) == 0:
            return np.zeros(len(rows), dtype=np.bool_)
        slots = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        found: Mask = (self.rows[slots] == rows) & mask[slots]
        return found


def _is_among(column: Ints, numbers: Sequence[int]) -> Mask:
    flags = np.zeros(max(numbers, default=0) + 2, dtype=np.bool_)  # the last stands for all larger numbers
    flags[list(numbers)] = True
    chosen: Mask = flags.take(column, mode="clip")
    return chosen


class _Growing:
    """An array that takes more at its end without being copied each time."""

    def __init__(self, dtype: type, *width: int) -> None:
        self._array: NDArray[Any] = np.zeros((1_024, *width), dtype)
        self._size = 0

    def extend(self, values: NDArray[Any]) -> None:
        end = self._size + len(values)
        if end > len(self._array):
            larger = np.zeros(
                (max(end, len(self._array) * 3 // 2), *self._array.shape[1:]), self._array.dtype
            )
            larger[: self._size] = self.view()
            self._array = larger  # whoever still scans the old one keeps it alive
        self._array[self._size : end] = values
        self._size = end

    def detach(self) -> NDArray[Any]:
        """A view to change, which whoever took one before does not see."""
        self._array = self._array.copy()
        return self.view()

    def view(self) -> NDArray[Any]:
        return self._array[: self._size]


class ColumnTable:
    """Grows `Columns` as the record grows. Any thread may call it."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._lock = threading.Lock()
        self._helpers = ThreadPoolExecutor(2, thread_name_prefix="vector-scan")
        self._clear()
        self._columns = self._publish(START)

    def catch_up(self, connection: sqlite3.Connection, target: Position) -> Columns:
        """The columns at `target` or later."""
        if self._columns.position.covers(target):
            return self._columns
        with self._lock:
            if not self._columns.position.covers(target):
                if self._is_mostly_dead():
                    self._clear()
                    self._columns = self._publish(START)
                self._advance(connection, self._columns.position, target)
                self._columns = self._publish(target)
            return self._columns

    def close(self) -> None:
        self._helpers.shutdown()

    def _clear(self) -> None:
        self._rows, self._documents, self._reader_sets = (_Growing(np.int64) for _ in range(3))
        self._is_live, self._scales = _Growing(np.bool_), _Growing(np.float32)
        self._codes = _Growing(np.int8, self._dimension)
        self._sets_of_reader: dict[str, tuple[int, ...]] = {}
        self._last_reader_set = 0

    def _is_mostly_dead(self) -> bool:
        live = int(np.count_nonzero(self._is_live.view()))
        dead = len(self._is_live.view()) - live
        return dead > max(live, _MAX_DEAD)

    def _advance(self, connection: sqlite3.Connection, start: Position, target: Position) -> None:
        if start != START:
            self._apply(read_changes(connection, start, target))
        for batch in read_columns(connection, start, target):  # these have the changes in them
            self._append(batch)
        added = read_reader_sets(connection, self._last_reader_set)
        if added:
            self._learn_readers(added)

    def _append(self, batch: list[ColumnRow]) -> None:
        rows, documents, reader_sets, scales, codes = zip(*batch, strict=True)
        self._rows.extend(np.array(rows, np.int64))
        self._documents.extend(np.array(documents, np.int64))
        self._reader_sets.extend(np.array(reader_sets, np.int64))
        self._is_live.extend(np.ones(len(rows), np.bool_))
        self._scales.extend(np.array(scales, np.float32))
        self._codes.extend(np.frombuffer(b"".join(codes), np.int8).reshape(len(rows), -1))

    def _apply(self, changes: list[Change]) -> None:
        if removed := [change.row for change in changes if change.row is not None]:
            self._is_live.detach()[np.isin(self._rows.view(), removed)] = False
        if moved := [change for change in changes if change.row is None]:
            reader_sets = self._reader_sets.detach()
            for change in moved:
                reader_sets[self._documents.view() == change.document] = change.reader_set

    def _learn_readers(self, added: list[tuple[int, str]]) -> None:
        sets = dict(self._sets_of_reader)
        for number, readers in added:
            for reader in json.loads(readers):
                sets[reader] = (*sets.get(reader, ()), number)
        self._sets_of_reader = sets
        self._last_reader_set = added[-1][0]

    def _publish(self, position: Position) -> Columns:
        return Columns(
            position=position,
            rows=self._rows.view(),
            documents=self._documents.view(),
            reader_sets=self._reader_sets.view(),
            is_live=self._is_live.view(),
            scales=self._scales.view(),
            codes=self._codes.view(),
            sets_of_reader=self._sets_of_reader,
            helpers=self._helpers,
        )
