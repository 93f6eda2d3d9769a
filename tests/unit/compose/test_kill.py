"""A process dies at the step that a test of crashes names, and at no other."""

import subprocess
import sys

import pytest

from shared.compose.kill import killing_at
from shared.errors import ConfigError

REACH_STEPS = """
import sys
from shared.compose.kill import killing_at
reached = killing_at(sys.argv[1])
for step in ("claimed", "read", "written", "read", "written", "written"):
    print(step, flush=True)
    reached(step)
"""


@pytest.mark.parametrize(
    ("point", "said"),
    [("claimed:1", 1), ("written:2", 5), ("written:3", 6)],
)
def test_a_process_dies_when_it_reaches_the_step_that_often(point: str, said: int) -> None:
    ended = subprocess.run([sys.executable, "-c", REACH_STEPS, point], capture_output=True, check=False)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (-9, said)


def test_a_step_that_is_not_reached_that_often_kills_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", REACH_STEPS, "claimed:2"], capture_output=True, check=False)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 6)


def test_no_setting_kills_nothing() -> None:
    killing_at(None)("claimed")


def test_a_step_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="claimed, read"):
        killing_at("finished:1")
