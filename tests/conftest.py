"""What holds for every run of the tests: which of them are the unit part, and in which order they run.

`pytest -m "not slow"` is the unit part: what neither takes more than a second nor needs more than itself.
"""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_UNIT_PART = tuple(_HERE / folder for folder in ("architecture", "unit"))
_LONGEST = tuple(_HERE / path for path in ("story/test_outages.py", "faults", "story", "worker"))


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
