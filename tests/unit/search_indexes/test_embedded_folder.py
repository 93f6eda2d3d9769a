"""A folder of embedded indexes: names that are no folders, removals that were interrupted."""

from pathlib import Path

import pytest

from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from tests.contract.search_index_cases import DIMENSION, passage


@pytest.mark.parametrize("name", ["", ".", "..", "../uploads", "a/b", "/tmp/a"])
async def test_nothing_outside_the_folder_is_adopted_or_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / "uploads").mkdir()
    indexes = EmbeddedSearchIndexes(tmp_path / "index")
    for call in (indexes.adopted(name), indexes.remove(name)):
        with pytest.raises(ConfigError):
            await call
    assert (tmp_path / "uploads").is_dir()


async def test_a_removal_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    indexes = EmbeddedSearchIndexes(tmp_path)
    index = indexes.open("documents-v1", dimension=DIMENSION)
    await index.write([passage()])
    await index.close()
    (tmp_path / "documents-v1").rename(tmp_path / ".documents-v1")
    await indexes.remove("documents-v1")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    (tmp_path / "documents-v1").write_text("not a folder")
    with pytest.raises(BackendUnavailable, match="documents-v1"):
        await EmbeddedSearchIndexes(tmp_path).remove("documents-v1")
