"""What holds for every run of the tests: which of them are the unit part, in which order they run, and that
nothing secret is in what they log and print.

`pytest -m "not slow"` is the unit part: what neither takes more than a second nor needs more than itself.
"""

import logging
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from shared.telemetry.logs import CHATTY, JsonLines
from tests.planted import secrets_in

_HERE = Path(__file__).parent
_UNIT_PART = tuple(_HERE / folder for folder in ("architecture", "unit"))
_LONGEST = tuple(
    _HERE / path for path in ("image", "story/test_outages.py", "hostile", "faults", "story", "worker")
)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell starts in its background is deaf to Ctrl-C, and so were the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before the expression of `-m` is looked at
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.path.is_relative_to(folder) for folder in _UNIT_PART):
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):  # one of several that run tests side by side
        items.sort(key=lambda item: _turn(item.path))


def _turn(path: Path) -> int:
    """What takes longest begins first, so that none works alone in the end."""
    return next((turn for turn, long in enumerate(_LONGEST) if path.is_relative_to(long)), len(_LONGEST))


class _Watch(logging.Handler):
    """Looks through each record as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found += [f"{record.name} logged {secret}" for secret in secrets_in(self.format(record))]


_WATCH = _Watch()


def pytest_configure() -> None:
    logging.getLogger().addHandler(_WATCH)
    for chatty in CHATTY:  # as in every process of ours
        logging.getLogger(chatty).setLevel(logging.WARNING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a test during which a secret was logged or printed, by whatever part of the product."""
    report = yield
    leaks, _WATCH.found = _WATCH.found, []
    for name, text in report.sections:
        if name.startswith(("Captured stdout", "Captured stderr")):
            leaks += [f"{name} has {secret}" for secret in secrets_in(text)]
    if leaks and report.passed:
        report.outcome = "failed"
        report.longrepr = "\n".join(["secrets came out:", *leaks])
    return report
