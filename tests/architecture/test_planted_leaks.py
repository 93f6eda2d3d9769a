"""The isolation model finds what it is there for: each bug that is planted, within a few stories."""

import pytest
from hypothesis import Phase
from hypothesis.errors import Flaky

from tests.isolation.machine import Story
from tests.isolation.plants import PLANTS, Plant
from tests.isolation.telling import tell
from tests.isolation.truth import Leak

_STORIES = 40


@pytest.mark.slow
@pytest.mark.timeout(600)  # CPU seconds are few; machines may be busy
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_leak_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.plant(monkeypatch)

    class Planted(Story):
        is_gullible = plant.is_gullible
        has_twin = plant.has_twin

    with pytest.raises((Leak, Flaky)):  # what is found in a race may not be found again
        tell(Planted, stories=_STORIES, phases=(Phase.generate,))
    assert Planted.found_in
    print(f"{plant.name}: found in step {Planted.found_in}")
