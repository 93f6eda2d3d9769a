"""The listing of versions, which the reconciler reads to its end, comes page by page."""

from pathlib import Path

import pytest

from shared.search_indexes import embedded
from tests.contract.search_index_cases import DIMENSION, passage


@pytest.mark.parametrize("page", [1, 3, 14, 100])
async def test_every_version_is_listed_once_however_large_the_pages(
    tmp_path: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PAGE", page)
    index = embedded.EmbeddedSearchIndex(tmp_path, "index", DIMENSION)
    wanted = [(f"doc{number}", version) for number in range(7) for version in (1, 2)]
    await index.write(
        [passage(name, ordinal, version=version) for name, version in wanted for ordinal in (0, 1)]
    )
    assert sorted([pair async for pair in index.versions()]) == wanted
    await index.close()
