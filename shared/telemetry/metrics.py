"""Every metric of the product is declared here. Written by the edge, read by `GET /api/metrics`.

Labels come from closed sets: route templates, methods, status classes, stages, statuses.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from shared.domain import CacheOutcome, Spent

CONTENT_TYPE = CONTENT_TYPE_LATEST

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

Timings = Iterable[tuple[str, float]]  # (stage, ms)


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter("rag_http_requests", "Requests answered.", labels, registry=self.registry)
        self._request_seconds = self._histogram(
            "rag_http_request_seconds",
            "Time to the last byte of an answer.",
            ("method", "route"),
            _REQUEST_SECONDS,
        )
        self._query_seconds = self._histogram(
            "rag_query_stage_seconds", "Time of each stage of an answer.", ("stage",), _STAGE_SECONDS
        )
        self._answers = Counter(
            "rag_answers", "Answers given, by how they were degraded.", ("degraded",), registry=self.registry
        )
        self._lookups = Counter(
            "rag_cache_lookups",
            "Lookups in the caches of answers and embeddings, by outcome.",
            ("cache", "outcome"),
            registry=self.registry,
        )
        self._ingest_seconds = self._histogram(
            "rag_ingest_stage_seconds", "Time of each stage of an ingestion.", ("stage",), _STAGE_SECONDS
        )
        self._ingestions = Counter(
            "rag_ingestions", "Ingestions finished, by outcome.", ("outcome",), registry=self.registry
        )
        self._queue_length = self._gauge(
            "rag_queue_messages", "Messages waiting or being worked on.", "queue"
        )
        self._queue_age = self._gauge("rag_queue_oldest_seconds", "Age of the oldest message.", "queue")
        self._documents = self._gauge("rag_documents", "Documents by status.", "status")
        self._parked = self._gauge("rag_documents_parked", "Documents whose attempts are used up.")
        self._declare_pace()
        self._declare_load()
        self._declare_spending()
        self._declare_breakers()

    def request_answered(self, *, method: str, route: str, status: str, seconds: float) -> None:
        """`route` is the template (`/api/documents/{document_id}`), `status` its class (`2xx`)."""
        self._requests.labels(method, route, status).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def question_answered(self, *, degraded: str | None, cache: CacheOutcome, timings: Timings) -> None:
        self._answers.labels(degraded or "none").inc()
        self._lookups.labels("answers", cache).inc()
        for stage, ms in timings:
            self._query_seconds.labels(stage).observe(ms / 1000)

    def embeddings_looked_up(self, what: Literal["passages", "questions"], hits: int, misses: int) -> None:
        self._lookups.labels(what, "hit").inc(hits)
        self._lookups.labels(what, "miss").inc(misses)

    def tokens_spent(self, model: str, spent: Spent) -> None:
        self._tokens.labels("prompt").inc(spent.prompt_tokens)
        self._tokens.labels("completion").inc(spent.completion_tokens)
        self._tokens.labels("saved").inc(spent.saved_tokens)
        self._cost.labels(model).inc(spent.cost / 1e6)

    def spending_measured(self, costs: Collection[int]) -> None:
        """`costs`: what each user spent today, in millionths of a dollar."""
        self._spent_today.labels("all").set(sum(costs) / 1e6)
        self._spent_today.labels("most").set(max(costs, default=0) / 1e6)

    def question_refused(self, limit: str) -> None:
        self._refused.labels(limit).inc()

    def document_ingested(
        self, *, outcome: Literal["indexed", "rejected", "removed", "error"], timings: Timings = ()
    ) -> None:
        self._ingestions.labels(outcome).inc()
        for stage, ms in timings:
            self._ingest_seconds.labels(stage).observe(ms / 1000)

    def queue_measured(self, queue: str, *, length: int, oldest_seconds: float) -> None:
        self._queue_length.labels(queue).set(length)
        self._queue_age.labels(queue).set(oldest_seconds)

    def documents_counted(self, counts: Mapping[str, int], *, parked: int) -> None:
        for status, count in counts.items():
            self._documents.labels(status).set(count)
        self._parked.set(parked)

    def pace_measured(self, *, backlog: int, per_minute: float, expected_seconds: float | None) -> None:
        self._backlog.set(backlog)
        self._per_minute.set(per_minute)
        self._expected.set(math.nan if expected_seconds is None else expected_seconds)

    def breaker_turned(self, dependency: str, *, is_open: bool) -> None:
        self._breakers.labels(dependency).set(is_open)
        self._breakers_opened.labels(dependency).inc(is_open)

    def retried(self, dependency: str) -> None:
        self._retries.labels(dependency).inc()

    def watch_load(self, *, in_flight: Callable[[], int], limit: Callable[[], int]) -> None:
        """Both are asked whenever the metrics are read."""
        self._in_flight.set_function(in_flight)
        self._limit.set_function(limit)

    def question_shed(self) -> None:
        self._shed.inc()

    def text(self) -> bytes:
        """In Prometheus's text format, `CONTENT_TYPE`."""
        return generate_latest(self.registry)

    def _declare_pace(self) -> None:
        self._backlog = self._gauge(
            "rag_ingest_backlog_documents", "Documents that are queued or being worked on."
        )
        self._per_minute = self._gauge(
            "rag_ingest_finished_per_minute", "Documents finished, over the last five minutes."
        )
        self._expected = self._gauge(
            "rag_ingest_expected_seconds", "Until the backlog is gone at this rate; NaN while nothing moves."
        )

    def _declare_breakers(self) -> None:
        label = "dependency"
        self._breakers = self._gauge("rag_breaker_open", "Whether calls are turned away; 1: yes.", label)
        self._breakers_opened = Counter(
            "rag_breaker_opened", "How often its breaker opened.", (label,), registry=self.registry
        )
        self._retries = Counter(
            "rag_retries", "Calls for questions that were tried once more.", (label,), registry=self.registry
        )

    def _declare_spending(self) -> None:
        self._tokens = Counter(
            "rag_answer_tokens", "Tokens of answers, and those saved.", ("kind",), registry=self.registry
        )
        self._cost = Counter(
            "rag_answer_cost_usd", "What answers cost by the price table.", ("model",), registry=self.registry
        )
        self._spent_today = self._gauge(
            "rag_user_spent_usd_today", "What all users, and the one with the most, spent today (UTC).", "who"
        )
        self._refused = Counter(
            "rag_limited_requests", "Requests past a limit, by limit.", ("limit",), registry=self.registry
        )

    def _declare_load(self) -> None:
        self._in_flight = self._gauge("rag_answers_in_flight", "Answers under way.")
        self._limit = self._gauge("rag_answers_limit", "Questions prepared at once at the most, at present.")
        self._shed = Counter("rag_shed", "Questions turned away under load.", registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(name, documentation, labels, registry=self.registry)

    def _histogram(
        self, name: str, documentation: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(name, documentation, labels, buckets=buckets, registry=self.registry)
