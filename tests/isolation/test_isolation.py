"""Whatever people do to a library: nobody is told what they may not know, by no route and in no dialect.

`ISOLATION_STORIES=500 pytest tests/isolation` tells so many stories of each kind.
"""

import pytest

from tests.isolation.machine import Story
from tests.isolation.telling import tell


@pytest.mark.slow
@pytest.mark.timeout(0)  # how long the stories take depends on how many are asked for
def test_nobody_is_told_what_they_may_not_know() -> None:
    tell(Story)
