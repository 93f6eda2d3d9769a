"""Files that mean harm end in one state each, by the real parsers under the real limits but less time."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import DocumentRejected
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from tests.stand_ins.hostile_files import HOSTILE, SAMPLES, Hostile
from tests.stand_ins.hostile_markup import ROOTS, external_entity

WORKERS = os.cpu_count() or 1

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    """The machine may be busy: CPU seconds end what takes too long, not those of the clock."""
    pool = ParserPool(workers=WORKERS, limits=ParseLimits(cpu_seconds=2, wall_seconds=100.0))
    yield pool
    await pool.close()


async def outcome(pool: ParserPool, path: Path, name: str) -> str:
    """`read: ` and the text, or the reason."""
    try:
        document = await pool.parse(path, name)
    except DocumentRejected as rejection:
        return str(rejection)
    return "read: " + "".join(page.text for page in document.pages)


async def problem(pool: ParserPool, folder: Path, case: Hostile) -> str | None:
    path = folder / case.name
    path.write_bytes(case.make())
    ending = await outcome(pool, path, case.name)
    path.unlink()
    if "ha" * 1_000 in ending or not re.match(case.ends, ending):
        return ending[:200]
    return None


async def test_every_hostile_file_ends_as_it_should_and_the_parser_lives_on(
    pool: ParserPool, tmp_path: Path
) -> None:
    bound = asyncio.Semaphore(WORKERS)  # of the files on the disk

    async def check(case: Hostile) -> tuple[str, str | None]:
        async with bound:
            return case.name, await problem(pool, tmp_path, case)

    endings = await asyncio.gather(*map(check, HOSTILE))
    assert {name: why for name, why in endings if why} == {}
    assert len({name for name, _ in endings}) == len(endings) > 200
    assert list(tmp_path.iterdir()) == []
    good = SAMPLES / "price-list-2026.pdf"
    assert (await outcome(pool, good, good.name)).startswith("read: ")


@pytest.mark.parametrize("kind", ROOTS)
async def test_an_external_entity_is_not_fetched(pool: ParserPool, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the treasure lies under the alder")
    path = tmp_path / "document"
    path.write_bytes(external_entity(kind, secret.as_uri()))
    assert "treasure" not in await outcome(pool, path, f"document.{kind}")
