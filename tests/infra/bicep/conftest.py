"""Azure's resource types for the tests that check against them."""

import pytest

from tests.infra.bicep.azure_types import TypeIndex, types_folder


@pytest.fixture(scope="session")
def types() -> TypeIndex:
    folder = types_folder()
    if not (folder / "generated").is_dir():
        pytest.skip(
            f"Azure's resource types are not in {folder}: check out Azure/bicep-types-az, set AZURE_TYPES"
        )
    return TypeIndex(folder)
