"""docs/operations.md tells of every outage that is played, and of no other."""

import re
from collections import Counter
from pathlib import Path

from tests.story.outages import CASES

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_table_has_the_cases_that_are_played() -> None:
    section = (
        PAGE.read_text(encoding="utf-8").split("## What happens when a service fails")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| ([^|]+) \| ([a-z, ]+) \|", section, re.MULTILINE)
    told = Counter((what, how) for what, faults in rows for how in faults.split(", ") if what != "what fails")
    assert told == Counter((case.dependency, case.fault) for case in CASES)
