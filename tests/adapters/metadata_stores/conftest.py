"""What the driver leaves behind is swept up where it was made."""

import pytest

from tests.servers.mongo import swept

__all__ = ["swept"]


@pytest.fixture(autouse=True)
def every_test_is_swept(swept: None) -> None:
    """See there."""
