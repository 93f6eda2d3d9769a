"""The checks of `rag doctor` find every implementation well that holds the contract of its plug."""

from pathlib import Path

import pytest

from cli.doctor_accounts import check_secrets
from cli.doctor_findings import Check, examine, until
from cli.doctor_indexes import check_index_versions, check_live_index, check_search_index
from cli.doctor_stores import check_blobs, check_cache, check_metadata, check_queue
from shared.domain import IndexVersion
from tests.contract import openers, search_index_cases, test_search_indexes
from tests.stand_ins.hashing_embedder import DIMENSION, HashingEmbedder

_SECONDS = 60.0  # a server that is shared by the whole test run may be busy


async def said(check: Check) -> tuple[set[str], str]:
    findings = await examine("it", check, seconds=_SECONDS)
    return {finding.level for finding in findings}, "; ".join(finding.message for finding in findings)


@pytest.mark.parametrize("kind", openers.SECRET_STORES)
async def test_secrets(kind: str, tmp_path: Path) -> None:
    async with openers.SECRET_STORES[kind](tmp_path) as secrets:
        assert "created" in (await said(check_secrets(secrets)))[1]
        levels, words = await said(check_secrets(secrets))
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", openers.METADATA_STORES)
async def test_metadata(kind: str, tmp_path: Path) -> None:
    async with openers.METADATA_STORES[kind](tmp_path) as metadata:
        levels, words = await said(check_metadata(metadata))
        assert await metadata.list_conversations("rag-doctor") == []
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", openers.BLOB_STORES)
async def test_blobs(kind: str, tmp_path: Path) -> None:
    async with openers.BLOB_STORES[kind](tmp_path) as blobs:
        levels, words = await said(check_blobs(blobs))
        assert [blob async for blob in blobs.list()] == []
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", openers.EVENT_QUEUES)
async def test_queue(kind: str, tmp_path: Path) -> None:
    async with openers.EVENT_QUEUES[kind](tmp_path) as queue:
        levels, words = await said(check_queue(queue))
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", openers.CACHES)
async def test_cache(kind: str, tmp_path: Path) -> None:
    async with openers.CACHES[kind](tmp_path) as cache:
        levels, words = await said(check_cache(cache))
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", search_index_cases.OPENERS)
async def test_search_index(kind: str, tmp_path: Path) -> None:
    index = search_index_cases.OPENERS[kind](tmp_path, search_index_cases.DIMENSION)

    async def is_empty() -> bool:
        return await index.count() == 0

    try:
        levels, words = await said(check_search_index(index))
        assert await until(is_empty, seconds=_SECONDS)
    finally:
        await index.close()
    assert levels == {"ok"}, words


@pytest.mark.parametrize("kind", test_search_indexes.OPENERS)
async def test_where_there_is_no_index_yet_none_is_left_behind(kind: str, tmp_path: Path) -> None:
    indexes = test_search_indexes.OPENERS[kind](tmp_path / "index")
    async with openers.METADATA_STORES["sqlite"](tmp_path) as metadata:
        check = check_live_index(indexes, "nobody-s", metadata, HashingEmbedder())
        levels, words = await said(check)
    assert levels == {"ok"}, words
    name = words.partition(":")[0]
    assert name.startswith("rag-doctor-")
    assert await indexes.adopted(name) is None
    assert await indexes.adopted("nobody-s") is None
    await indexes.close()


@pytest.mark.parametrize("kind", openers.METADATA_STORES)
async def test_index_versions(kind: str, tmp_path: Path) -> None:
    live = IndexVersion(
        name="documents-v1",
        base="documents",
        number=1,
        embedder=HashingEmbedder.name,
        dimension=DIMENSION,
        chunk_chars=900,
        chunk_overlap=120,
        created_at=1.0,
    )
    async with openers.METADATA_STORES[kind](tmp_path) as metadata:
        await metadata.first_index(live)
        opened = lambda name, dimension: HashingEmbedder()  # noqa: E731
        levels, words = await said(check_index_versions(metadata, HashingEmbedder(), "documents", opened))
    assert levels == {"ok"}, words
    assert "0 of 0 documents" in words
