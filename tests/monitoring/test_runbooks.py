"""Every alert has a runbook, every runbook an alert, and each has what somebody woken at night needs."""

import re
from collections.abc import Iterator

import pytest

from tests.monitoring.queries import RUNBOOKS, alerts

_PARTS = ("**Means**", "**Who notices**", "**Look**", "**Do**", "**Escalate**")


def faults_of(text: str, names: set[str]) -> Iterator[str]:
    sections = {
        section.splitlines()[0].strip(): section
        for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    }
    yield from (f"{name} has no runbook" for name in sorted(names - sections.keys()))
    yield from (f"{name} is no alert" for name in sorted(sections.keys() - names))
    for name, section in sections.items():
        yield from (f"{name}: {part} is missing" for part in _PARTS if part not in section)


_NAMES = {alert["alert"] for alert in alerts()}


def test_each_alert_has_a_whole_runbook() -> None:
    assert list(faults_of(RUNBOOKS.read_text(), _NAMES)) == []


@pytest.mark.parametrize(
    ("said", "meant", "why"),
    [
        ("### RagDown\n", "### RagGone\n", ["RagDown has no runbook", "RagGone is no alert"]),
        ("**Escalate**", "", [f"{name}: **Escalate** is missing" for name in sorted(_NAMES)]),
    ],
)
def test_planted_faults_of_runbooks_are_found(said: str, meant: str, why: list[str]) -> None:
    assert sorted(faults_of(RUNBOOKS.read_text().replace(said, meant), _NAMES)) == why
