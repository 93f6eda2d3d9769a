"""What is looked up in the stores when the metrics are read, and is the same whichever process is asked.

Set by functions/measurements.py. What could not be looked up is not told: an old value would pass for a
new one.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Gauge

Look: TypeAlias = Literal["documents", "spending", "queues", "indexes"]

_GAUGES: dict[Look, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "documents": (
        ("rag_documents", "Documents by status.", ("status",)),
        ("rag_documents_parked", "Documents whose attempts are used up.", ()),
        ("rag_ingest_backlog_documents", "Documents that are queued or being worked on.", ()),
        ("rag_ingest_finished_per_minute", "Documents finished, over the last five minutes.", ()),
        (
            "rag_ingest_expected_seconds",
            "Until the backlog is gone at this rate; NaN while nothing moves.",
            (),
        ),
    ),
    "spending": (
        (
            "rag_user_spent_usd_today",
            "What all users, and the one with the most, spent today (UTC).",
            ("who",),
        ),
    ),
    "queues": (
        ("rag_queue_messages", "Messages waiting or being worked on.", ("queue",)),
        ("rag_queue_oldest_seconds", "Age of the oldest message.", ("queue",)),
    ),
    "indexes": (
        ("rag_index_versions", "Versions of the search index by state.", ("state",)),
        ("rag_index_documents", "Documents whose current version an index of this state has.", ("state",)),
    ),
}


class StoreGauges:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges = {
            name: Gauge(name, documentation, labels, registry=registry)
            for gauges in _GAUGES.values()
            for name, documentation, labels in gauges
        }
        for look in _GAUGES:
            self.forget(look)

    def forget(self, look: Look) -> None:
        """It failed: its gauges have no value until it works again."""
        for name, _, labels in _GAUGES[look]:
            if labels:
                self._gauges[name].clear()
            else:
                self._gauges[name].set(math.nan)

    def documents_counted(self, counts: Mapping[str, int], *, parked: int) -> None:
        for status, count in counts.items():
            self._gauges["rag_documents"].labels(status).set(count)
        self._gauges["rag_documents_parked"].set(parked)

    def pace_measured(self, *, backlog: int, per_minute: float, expected_seconds: float | None) -> None:
        self._gauges["rag_ingest_backlog_documents"].set(backlog)
        self._gauges["rag_ingest_finished_per_minute"].set(per_minute)
        expected = math.nan if expected_seconds is None else expected_seconds
        self._gauges["rag_ingest_expected_seconds"].set(expected)

    def spending_measured(self, costs: Collection[int]) -> None:
        """`costs`: what each user spent today, in millionths of a dollar."""
        spent = self._gauges["rag_user_spent_usd_today"]
        spent.labels("all").set(sum(costs) / 1e6)
        spent.labels("most").set(max(costs, default=0) / 1e6)

    def queue_measured(self, queue: str, *, length: int, oldest_seconds: float) -> None:
        self._gauges["rag_queue_messages"].labels(queue).set(length)
        self._gauges["rag_queue_oldest_seconds"].labels(queue).set(oldest_seconds)

    def indexes_counted(self, held: Iterable[tuple[str, int]], *, states: Iterable[str]) -> None:
        """`held`: state and documents of each version. Of `states`, those that none is in are 0."""
        versions, documents = Counter[str](), Counter[str]()
        for state, count in held:
            versions[state] += 1
            documents[state] += count
        for state in states:
            self._gauges["rag_index_versions"].labels(state).set(versions[state])
            self._gauges["rag_index_documents"].labels(state).set(documents[state])
