"""The same where the index takes nothing away: what is checked behind it is enough by itself."""

import pytest

from tests.isolation.machine import Story
from tests.isolation.telling import tell


class OfGullibleIndexes(Story):
    is_gullible = True
    has_twin = False  # what passages score depends on all that there are


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_nobody_is_told_what_they_may_not_know() -> None:
    tell(OfGullibleIndexes)
