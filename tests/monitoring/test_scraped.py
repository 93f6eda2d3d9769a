"""A real Prometheus asks a real host: dashboards and rules name what there is, and run."""

import pytest

from tests.monitoring.catalogue import FROM_ELSEWHERE, Catalogue, faults
from tests.monitoring.promql import read
from tests.monitoring.queries import Query, dashboards, of_dashboards, of_rules, of_runbooks, rules
from tests.servers.prometheus import Prometheus

# Metrics without a series in the test's minute: nothing went wrong, nobody was limited.
_UNSEEN = {
    "rag_breaker_open",
    "rag_breaker_opened_total",
    "rag_limited_requests_total",
    "rag_retries_total",
}
# Empty although all is well: they ask for what is bad, or for what was not seen.
_EMPTY = {
    "quality: Degraded answers",
    "quality: Rejected",
    "quality: Searched by words alone",
    "service: Breakers",
    "service: Breakers that opened",
    "service: Calls tried once more",
}


@pytest.mark.parametrize(
    "query", [*of_dashboards(), *of_rules(), *of_runbooks()], ids=lambda query: query.where
)
def test_every_query_runs_and_names_what_there_is(
    query: Query, watched: Prometheus, seen: Catalogue, all_metrics: Catalogue
) -> None:
    watched.query(query.text)
    assert list(faults(query, seen, all_metrics)) == []


@pytest.mark.parametrize(
    ("text", "legend", "why"),
    [
        ("rate(rag_http_request_total[5m])", "", "there is no metric rag_http_request_total"),
        ('rag_queue_messages{name="ingest-events"}', "", "rag_queue_messages has no label name"),
        ('rag_queue_messages{queue="ingest"}', "", "rag_queue_messages has no queue ingest"),
        ('rag_documents{status=~"indexed|parked"}', "", "rag_documents has no status parked"),
        ("sum by (queues) (rag_queue_messages)", "", "nothing has the label queues"),
        ("sum by (queue) (rag_queue_messages)", "{{topic}}", "nothing has the label topic"),
        ("rate(rag_queue_messages[5m])", "", "rag_queue_messages is a gauge and has no rate"),
        (
            'rag_query_first_token_seconds_bucket{le="8.0"}',
            "",
            "rag_query_first_token_seconds_bucket has no le 8.0",
        ),
    ],
)
def test_planted_names_that_there_are_not_are_found(
    text: str, legend: str, why: str, seen: Catalogue, all_metrics: Catalogue
) -> None:
    query = Query(where="planted", text=text, legend=legend)
    assert list(faults(query, seen, all_metrics)) == [f"planted: {why}"]


@pytest.mark.parametrize(
    "text", ["sum(rag_documents", "rate(rag_documents)", "rag_documents{status=indexed}"]
)
def test_planted_invalid_promql_is_refused(text: str, watched: Prometheus) -> None:
    with pytest.raises(ValueError, match="parse error"):
        watched.query(text)


def test_every_metric_was_scraped_but_those_of_rare_events(seen: Catalogue) -> None:
    named = {metric for query in [*of_dashboards(), *of_rules()] for metric in read(query.text).metrics}
    assert named - set(seen.labels) - _UNSEEN - FROM_ELSEWHERE.keys() == set()


def test_panels_show_something(watched: Prometheus) -> None:
    shown = {query.where for query in of_dashboards() if watched.query(query.text)}
    assert {query.where for query in of_dashboards()} - shown - _EMPTY == set()


def test_every_rule_is_evaluated_without_an_error(watched: Prometheus) -> None:
    watched.wait_until(lambda: all(rule["lastEvaluation"] > "2" for rule in watched.rules()), "rules")
    ran = {rule["name"]: rule["health"] for rule in watched.rules()}
    assert ran == {rule.get("alert") or rule["record"]: "ok" for rule in rules()}


def test_a_calm_host_alerts_nobody(watched: Prometheus) -> None:
    assert watched.query("ALERTS") == []


def test_four_dashboards_are_there() -> None:
    assert set(dashboards()) == {"service", "ingestion", "cost", "quality"}
