"""What holds for every run of the tests.

`pytest -m "not slow"` is the unit part: what neither takes more than a second nor needs more than itself.
"""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_UNIT_PART = tuple(_HERE / folder for folder in ("architecture", "unit"))


@pytest.hookimpl(tryfirst=True)  # before the expression of `-m` is looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.path.is_relative_to(folder) for folder in _UNIT_PART):
            item.add_marker(pytest.mark.slow)
