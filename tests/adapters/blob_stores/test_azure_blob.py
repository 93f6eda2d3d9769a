"""What `AzureBlobStore` promises beyond the contract."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.blob_stores.azure_blob import AzureBlobStore
from shared.errors import BackendUnavailable, InvalidRequest, NotFound, TooLarge
from tests.servers import azurite

MIB = 1024 * 1024


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AzureBlobStore]:
    store = AzureBlobStore(account=azurite.account(), container=azurite.name_for(tmp_path))
    yield store
    await store.close()


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def put(store: AzureBlobStore, name: str, content: bytes) -> str:
    return (await store.put(name, pieces(content), max_size=64 * MIB)).etag


async def whole(store: AzureBlobStore, name: str) -> bytes:
    return b"".join([piece async for piece in store.read(name)])


async def test_a_read_ends_where_the_blob_is_replaced_and_mixes_nothing(store: AzureBlobStore) -> None:
    await put(store, "a", b"o" * 3 * MIB)
    reading = store.read("a")
    assert await anext(reading) == b"o" * MIB
    await put(store, "a", b"n" * 3 * MIB)
    with pytest.raises(BackendUnavailable, match="replaced"):
        await anext(reading)
    deleted = store.read("a")
    await anext(deleted)
    await store.delete("a")
    with pytest.raises((NotFound, BackendUnavailable)):  # Azurite says that it was replaced
        await anext(deleted)


async def test_a_copy_that_is_overtaken_starts_again_with_the_new_state(store: AzureBlobStore) -> None:
    await put(store, "a.bin", bytes([0]) * 3 * MIB)

    async def rewrite() -> None:
        for n in range(1, 9):
            await put(store, "a.bin", bytes([n]) * 3 * MIB)

    rewriting = asyncio.create_task(rewrite())
    while not rewriting.done():
        try:
            async with store.local_copy("a.bin") as (path, blob):
                content = path.read_bytes()
        except BackendUnavailable:
            continue  # overtaken at every attempt
        assert len(content) == blob.size == 3 * MIB
        assert len(set(content)) == 1
    await rewriting
    async with store.local_copy("a.bin") as (path, blob):
        assert path.read_bytes() == bytes([8]) * 3 * MIB
        assert blob == await store.head("a.bin")


async def test_twenty_megabytes_pass_through_flat_memory(store: AzureBlobStore) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(20 * 16):
            yield bytes(MIB // 16)

    await put(store, "warm", bytes(2 * MIB))
    tracemalloc.start()
    try:
        stored = await store.put("a.bin", stream(), max_size=20 * MIB)
        size = 0
        async for piece in store.read("a.bin"):
            size += len(piece)
        async with store.local_copy("a.bin") as (path, _):
            assert path.stat().st_size == size == stored.size == 20 * MIB
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


async def test_of_two_uploads_at_once_one_stays_whole_and_none_fails(store: AzureBlobStore) -> None:
    is_staged, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"s" * 2 * MIB
        is_staged.set()
        await may_end.wait()
        yield b"s" * MIB

    slower = asyncio.create_task(store.put("a", slow(), max_size=64 * MIB))
    await is_staged.wait()
    faster = await put(store, "a", b"f" * 2 * MIB)
    may_end.set()
    ended = await slower
    now = await store.head("a")
    assert now == ended
    content = await whole(store, "a")
    assert len(content) == ended.size
    assert set(content) == ({ord("f")} if ended.etag == faster else {ord("s")})


async def test_what_breaks_off_after_its_first_blocks_was_never_there(store: AzureBlobStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(3 * MIB)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put("a", broken(), max_size=64 * MIB)
    with pytest.raises(TooLarge):
        await store.put("b", pieces(bytes(2 * MIB), b"x"), max_size=2 * MIB)
    assert await store.head("a") is None
    assert [blob.name async for blob in store.list()] == []
    await put(store, "a", b"x" * 2 * MIB)
    assert await whole(store, "a") == b"x" * 2 * MIB


async def test_a_blob_with_snapshots_can_be_deleted(store: AzureBlobStore) -> None:
    await put(store, "a", b"x")
    await store._container.get_blob_client("a").create_snapshot()
    assert await store.delete("a")
    assert await store.head("a") is None


@pytest.mark.parametrize("name", ["a.", "a./b", "a.md.", "shared/Acme Inc."])
async def test_names_that_may_be_cut_off_on_their_way_are_refused(store: AzureBlobStore, name: str) -> None:
    with pytest.raises(InvalidRequest, match="ends with a dot"):
        await put(store, name, b"x")
    await put(store, "a..b.c/d", b"x")


async def test_what_others_left_under_names_of_no_document_is_not_listed(store: AzureBlobStore) -> None:
    await put(store, "shared/a.md", b"x")
    for name in ("shared/.DS_Store", ".git/config", "shared/~$a.docx", "shared/b.part", "shared/c."):
        await store._container.upload_blob(name, b"x")
    assert [blob.name async for blob in store.list()] == ["shared/a.md"]


async def test_emoji_and_full_width_names_are_listed_in_the_order_of_the_documents(
    store: AzureBlobStore,
) -> None:
    names = ["shared/a", "shared/（1）.md", "shared/🦊.md", "shared/🦊/a", "zoo/a"]
    for name in reversed(names):
        await put(store, name, b"x")
    assert [blob.name async for blob in store.list()] == sorted(names)


async def test_a_container_that_went_missing_is_no_empty_one(store: AzureBlobStore) -> None:
    """Else every document would be deleted."""
    await put(store, "a", b"x")
    await store._container.delete_container()
    with pytest.raises(BackendUnavailable, match="AzureWebJobsStorage"):
        await store.head("a")
    with pytest.raises(BackendUnavailable):
        await store.delete("a")
    with pytest.raises(BackendUnavailable):
        await whole(store, "a")
    with pytest.raises(BackendUnavailable):
        assert [blob async for blob in store.list()] != []
    with pytest.raises(BackendUnavailable):
        await store.ping()
    with pytest.raises(BackendUnavailable):
        await put(store, "a", b"x")
