"""Readers as a process sees them that has not looked at the index for a while."""

from pathlib import Path

from shared.domain import user_reader
from shared.search_indexes.embedded import EmbeddedSearchIndex
from tests.contract.search_index_cases import DIMENSION, PUBLIC, ask, ids, passage

ANN = frozenset({user_reader("ann")})


async def test_an_earlier_change_of_readers_does_not_reach_chunks_that_were_written_after_it(
    tmp_path: Path,
) -> None:
    writer, idle = (EmbeddedSearchIndex(tmp_path, "index", DIMENSION) for _ in range(2))
    await writer.write([passage("doc", version=1, readers=ANN)])
    assert ids(await idle.search(ask(angle=0, mode="vector", readers=ANN))) == ["doc.1.0"]
    await writer.set_readers("doc", PUBLIC)
    await writer.write([passage("doc", version=2, readers=ANN)])
    assert ids(await idle.search(ask(angle=0, mode="vector", readers=ANN))) == ["doc.2.0"]
    assert ids(await idle.search(ask(angle=0, mode="vector", readers=PUBLIC))) == ["doc.1.0"]
    await writer.close()
    await idle.close()
