"""What a profile's plugs cost is measured with settings that are complete, and with its own plugs."""

import pytest

from bench.cold_start import import_once


@pytest.mark.slow
def test_each_profile_is_imported_whole() -> None:
    local, azure = import_once("local"), import_once("azure")
    assert all(figure > 0 for figure in (*local, *azure))
    assert azure[3] > local[3]  # MB: Azure's SDKs are large
