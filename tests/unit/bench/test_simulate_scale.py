"""The simulation of a fleet: what it says follows from its limits, and can be worked out by hand."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bench.scale.calls import DOCUMENT
from bench.scale.fleet import Quotas, Scaling, Worker, ceilings, simulate
from bench.simulate_scale import MENDS, PAGE, START, safe_replicas

WORKER = Worker()
BOUNDLESS = Quotas(
    queue=1e9,
    account=1e9,
    embedding_tokens=1e12,
    embedding_requests=1e9,
    search=1e9,
    mongo=1e9,
    redis=1e9,
)


def test_without_quotas_the_replicas_are_the_limit() -> None:
    run = simulate(1_000, WORKER, Scaling(most=1), BOUNDLESS)
    assert run.binding == "replicas"
    # One replica, four at once, three seconds each; it starts first.
    assert run.seconds == pytest.approx(1_000 / (4 / 3) + WORKER.start_seconds, abs=35)


def test_every_document_is_worked_off_once() -> None:
    for most in (1, 50, 1_000):
        assert simulate(20_000, WORKER, Scaling(most=most), BOUNDLESS).worked == pytest.approx(20_000)


@pytest.mark.parametrize(
    ("quota", "binding", "per_document"),
    [
        ("embedding_tokens", "embedding tokens", WORKER.tokens),
        ("embedding_requests", "embedding requests", DOCUMENT.openai),
        ("search", "search index", DOCUMENT.search),
        ("mongo", "metadata store", DOCUMENT.mongo),
        ("redis", "cache", DOCUMENT.redis),
    ],
)
def test_a_quota_that_is_short_is_named_and_sets_the_pace(
    quota: str, binding: str, per_document: float
) -> None:
    run = simulate(5_000, WORKER, Scaling(most=100), replace(BOUNDLESS, **{quota: 2 * per_document}))
    assert run.binding == binding
    assert run.worked / run.seconds == pytest.approx(2, rel=0.1)


def test_more_replicas_than_the_quota_feeds_make_each_document_slower() -> None:
    few, many = (simulate(50_000, WORKER, Scaling(most=most), START, limit=10**6) for most in (10, 300))
    assert many.seconds == pytest.approx(few.seconds, rel=0.05)
    assert many.slowest > 10 * few.slowest


def test_holds_that_are_renewed_use_up_the_queue() -> None:
    often = ceilings(1_400, WORKER, Quotas())["queue"]
    seldom = ceilings(1_400, replace(WORKER, renew_every=30), Quotas())["queue"]
    assert often < seldom / 5


def test_replicas_grow_no_faster_than_they_may() -> None:
    scaling = Scaling(nodes_at_start=1_000)
    run = simulate(1e6, WORKER, scaling, BOUNDLESS)
    asked = [each for _, _, each, _ in run.timeline]
    assert max(asked) == scaling.most
    assert asked[3] <= 16
    assert all(later <= earlier * 2 + 4 for earlier, later in pairwise(asked))


def test_nodes_that_are_missing_delay_replicas() -> None:
    rich = simulate(2e5, WORKER, Scaling(nodes_at_start=1_000), BOUNDLESS)
    poor = simulate(2e5, WORKER, Scaling(nodes_at_start=3, nodes_per_minute=10), BOUNDLESS)
    assert poor.seconds > rich.seconds + WORKER.node_seconds


def test_the_page_names_the_replicas_that_the_quotas_bear() -> None:
    assert f"**{safe_replicas(WORKER, START)}** replicas" in PAGE.read_text(), (
        "python -m bench.simulate_scale"
    )


def test_each_mend_is_of_something_that_can_bind() -> None:
    assert set(MENDS) <= set(ceilings(1, WORKER, START))
