"""Some seeds in every test run; `make soak` tries thousands. Planted defects must be found."""

from typing import Any

import pytest

from shared.ingest import pipeline, reconcile
from shared.query import retrieve
from tests.simulation.checks import Violation
from tests.simulation.plan import plan_of
from tests.simulation.run import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_fleet_ends_where_the_blobs_are(seed: int) -> None:
    outcome = run(plan_of(seed))
    assert outcome.failure is None, f"python -m tests.simulation --seed {seed}"


def test_a_seed_does_the_same_again() -> None:
    first, second = run(plan_of(3)).trace, run(plan_of(3)).trace
    assert len(first) > 200
    assert [line[:50] for line in first] == [line[:50] for line in second]  # behind it are random ids


def _everything(hits: list[Any], documents: Any, principal: Any, **_: Any) -> list[Any]:
    return [retrieve._passage(1, hit, documents[hit.chunk.document_id], frozenset()) for hit in hits]


async def _nothing(*_: Any) -> int:
    return 0


@pytest.mark.parametrize(
    ("places", "name", "defect"),
    [((retrieve,), "authorised", _everything), ((pipeline, reconcile), "spread", _nothing)],
    ids=["every version is shown", "other indexes are not filled"],
)
def test_a_planted_defect_is_found(
    places: tuple[Any, ...], name: str, defect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in places:
        monkeypatch.setattr(place, name, defect)
    assert any(isinstance(run(plan_of(seed)).failure, Violation) for seed in range(40))
