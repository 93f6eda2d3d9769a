"""Each promise about what Bicep deploys holds, and a fault that is planted breaks it."""

from pathlib import Path

import pytest
import yaml

from shared.errors import ConfigError
from tests.infra.bicep import (  # noqa: F401 - promises are known once their modules are
    promises_of_access,
    promises_of_networks,
    promises_of_running,
    promises_of_services,
    promises_of_words,
)
from tests.infra.bicep.promises import PROMISES, Made, made

PLANTED = yaml.safe_load((Path(__file__).parent / "planted_faults.yaml").read_text())
FAULTS = [(name, *fault) for name, faults in PLANTED.items() for fault in faults]


@pytest.fixture(scope="module")
def as_written() -> Made:
    return made()


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_holds(name: str, as_written: Made) -> None:
    PROMISES[name](as_written)


@pytest.mark.parametrize(("name", "file", "old", "new"), FAULTS)
def test_a_planted_fault_breaks_its_promise(name: str, file: str, old: str, new: str) -> None:
    faulty = made(**{file: (old, new)})
    with pytest.raises((AssertionError, ConfigError, KeyError, ValueError)):
        PROMISES[name](faulty)


def test_every_promise_has_been_seen_to_break() -> None:
    assert set(PLANTED) == set(PROMISES)
