"""Every metric of the product is declared here. Written by the edge, read by `GET /api/metrics`.

Labels come from closed sets: route templates, methods, status classes, stages, models of the settings.
What is looked up in the stores is in store_gauges.
"""

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from shared import __version__
from shared.domain import CacheOutcome, Spent
from shared.telemetry.processes import WorkerMemory
from shared.telemetry.store_gauges import StoreGauges

CONTENT_TYPE = CONTENT_TYPE_LATEST

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

Timings: TypeAlias = Iterable[tuple[str, float]]  # (stage, ms)
Outcome: TypeAlias = Literal["cited", "unknown", "uncited"]
TriggerOutcome: TypeAlias = Literal["done", "failed", "cancelled"]


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(WorkerMemory())
        self._gauge("rag_build_info", "The version that runs; always 1.", "version").labels(__version__).set(
            1
        )
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
        self.stores = StoreGauges(self.registry)
        self._declare_answers()
        self._declare_load()
        self._declare_triggers()
        self._declare_spending()
        self._declare_breakers()

    def request_answered(self, *, method: str, route: str, status: str, seconds: float) -> None:
        """`route` is the template (`/api/documents/{document_id}`), `status` its class (`2xx`)."""
        self._requests.labels(method, route, status).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def question_answered(
        self, *, degraded: str | None, outcome: Outcome, cache: CacheOutcome, timings: Timings
    ) -> None:
        self._answers.labels(degraded or "none").inc()
        self._outcomes.labels(outcome).inc()
        self._lookups.labels("answers", cache).inc()
        for stage, ms in timings:
            self._query_seconds.labels(stage).observe(ms / 1000)

    def first_word_said(self, seconds: float) -> None:
        self._first_token_seconds.observe(seconds)

    def answer_rated(self, rating: Literal["up", "down"]) -> None:
        self._feedback.labels(rating).inc()

    def texts_embedded(self, model: str, *, tokens: int, cost: float) -> None:
        """`cost` in US dollars."""
        self._embedding_tokens.labels(model).inc(tokens)
        self._embedding_cost.labels(model).inc(cost)

    def embeddings_looked_up(self, what: Literal["passages", "questions"], hits: int, misses: int) -> None:
        self._lookups.labels(what, "hit").inc(hits)
        self._lookups.labels(what, "miss").inc(misses)

    def tokens_spent(self, model: str, spent: Spent) -> None:
        self._tokens.labels("prompt").inc(spent.prompt_tokens)
        self._tokens.labels("completion").inc(spent.completion_tokens)
        self._tokens.labels("saved").inc(spent.saved_tokens)
        self._cost.labels(model).inc(spent.cost / 1e6)

    def question_refused(self, limit: str) -> None:
        self._refused.labels(limit).inc()

    def document_ingested(
        self, *, outcome: Literal["indexed", "rejected", "removed", "error"], timings: Timings = ()
    ) -> None:
        self._ingestions.labels(outcome).inc()
        for stage, ms in timings:
            self._ingest_seconds.labels(stage).observe(ms / 1000)

    def trigger_ended(self, function: str, outcome: TriggerOutcome, seconds: float) -> None:
        self._triggers.labels(function, outcome).inc()
        self._trigger_seconds.labels(function).observe(seconds)

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
        self._embedding_tokens = Counter(
            "rag_embedding_tokens", "Tokens embedded, estimated.", ("model",), registry=self.registry
        )
        self._embedding_cost = Counter(
            "rag_embedding_cost_usd",
            "What these cost by the price table.",
            ("model",),
            registry=self.registry,
        )
        self._refused = Counter(
            "rag_limited_requests", "Requests past a limit, by limit.", ("limit",), registry=self.registry
        )

    def _declare_answers(self) -> None:
        self._first_token_seconds = self._histogram(
            "rag_query_first_token_seconds",
            "From the arrival of a question to the first word of its answer.",
            (),
            _REQUEST_SECONDS,
        )
        self._outcomes = Counter(
            "rag_answer_outcomes",
            "Answers given, by whether they cite a passage.",
            ("outcome",),
            registry=self.registry,
        )
        self._feedback = Counter(
            "rag_feedback", "Ratings of answers that people gave.", ("rating",), registry=self.registry
        )
        for outcome in get_args(Outcome):
            self._outcomes.labels(outcome)
        for rating in ("up", "down"):
            self._feedback.labels(rating)

    def _declare_triggers(self) -> None:
        self._triggers = Counter(
            "rag_triggers",
            "Runs of a function that no request fires, by outcome.",
            ("function", "outcome"),
            registry=self.registry,
        )
        self._trigger_seconds = self._histogram(
            "rag_trigger_seconds", "Time of such a run.", ("function",), _STAGE_SECONDS
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
