"""Which files a command takes, and where they go."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.ingest import copy_files, find_files
from shared.compose import opened_stores
from shared.settings import Settings


def test_folders_keep_their_paths_and_files_their_names(tmp_path: Path) -> None:
    for name in ("a.md", "deep/b.md", ".hidden", "__pycache__/c.pyc", "build.py"):
        file = tmp_path / "library" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
    alone = tmp_path / "alone.txt"
    alone.write_text("text")
    assert set(find_files([tmp_path / "library", alone])) == {"a.md", "deep/b.md", "alone.txt"}


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.md is not there"):
        find_files([tmp_path / "nowhere.md"])


async def test_copies_lie_under_shared(tmp_path: Path) -> None:
    source = tmp_path / "a b.md"
    source.write_text("text")
    settings = Settings(data=tmp_path / "data")
    async with opened_stores(settings) as (blobs, _):
        names = await copy_files({"deep/a b.md": source}, blobs, settings)
    assert names == ["shared/deep/a b.md"]
    assert (tmp_path / "data/uploads/shared/deep/a b.md").read_text() == "text"
