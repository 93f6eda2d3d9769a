"""What every blob store promises: whole files under their names, with an etag for each state."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.blob_stores.base import BlobStore
from shared.errors import InvalidRequest, NotFound, TooLarge
from tests.contract.openers import BLOB_STORES, in_processes

MIB = 1024 * 1024


@pytest.fixture(params=BLOB_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[BlobStore]:
    async with BLOB_STORES[kind](tmp_path) as store:
        yield store


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def put(store: BlobStore, name: str, *content: bytes) -> str:
    return (await store.put(name, pieces(*content), max_size=10 * MIB)).etag


async def read(store: BlobStore, name: str, **bounds: int) -> bytes:
    return b"".join([piece async for piece in store.read(name, **bounds)])


async def listed(store: BlobStore, prefix: str = "") -> list[str]:
    return [blob.name async for blob in store.list(prefix)]


ODD_NAMES = [
    "shared/naïve — ünï cødé 🦊.pdf",
    "shared/nai\u0308ve.txt",
    "shared/na\u00efve.txt",
    "shared/'; DROP TABLE x; --.md",
    "shared/100%25 ?#[a-z]*.md",
    "shared/-rf",
    "shared/a b/$(touch x)/`id`.csv",
    "x" * 200,
    "/".join(["folder"] * 32 + ["deep.txt"]),
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_names_are_kept_exactly(store: BlobStore, name: str) -> None:
    await put(store, name, name.encode())
    await put(store, "other", b"other")
    assert await read(store, name) == name.encode()
    assert sorted(await listed(store)) == sorted([name, "other"])
    assert await store.delete(name)
    assert await listed(store) == ["other"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "./a",
            "a/.",
            "a//b",
            "a/",
            "a\\b",
            "a\0b",
            "a\nb",
            "\x7f",
        ),
        *("\ud800", "é" * 128, "x" * 256, "/".join(["x" * 100] * 11), "a/" * 33 + "b"),
    ],
)
async def test_other_names_are_refused_by_every_method(store: BlobStore, name: str) -> None:
    with pytest.raises(InvalidRequest):
        await put(store, name, b"x")
    with pytest.raises(InvalidRequest):
        await store.head(name)
    with pytest.raises(InvalidRequest):
        await read(store, name)
    with pytest.raises(InvalidRequest):
        await store.delete(name)
    with pytest.raises(InvalidRequest):
        async with store.local_copy(name):
            pass
    assert await listed(store) == []


async def test_what_is_put_is_described_the_same_everywhere(store: BlobStore) -> None:
    stored = await store.put("a/b.txt", pieces(b"hello ", b"", b"world"), max_size=11)
    assert (stored.name, stored.size) == ("a/b.txt", 11)
    assert await store.head("a/b.txt") == stored
    assert [blob async for blob in store.list()] == [stored]
    async with store.local_copy("a/b.txt") as (path, copied):
        assert copied == stored
        assert path.read_bytes() == b"hello world"


async def test_every_rewrite_changes_the_etag(store: BlobStore) -> None:
    etags = [await put(store, "a", b"same") for _ in range(20)]
    assert len(set(etags)) == 20


async def test_what_is_not_there_is_not_found(store: BlobStore) -> None:
    await put(store, "folder/a", b"x")
    for name in ("nothing", "folder", "folder/a/b"):
        assert await store.head(name) is None
        assert not await store.delete(name)
        with pytest.raises(NotFound):
            await read(store, name)
        with pytest.raises(NotFound):
            async with store.local_copy(name):
                pass


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, slice(None)),
        ({"offset": 5}, slice(5, None)),
        ({"offset": 5, "length": 2 * MIB}, slice(5, 5 + 2 * MIB)),
        ({"length": 0}, slice(0, 0)),
        ({"offset": 4 * MIB}, slice(0, 0)),
        ({"offset": 3 * MIB, "length": 4 * MIB}, slice(3 * MIB, None)),
    ],
)
async def test_ranges_are_read_in_pieces_of_a_mebibyte(
    store: BlobStore, bounds: dict[str, int], expected: slice
) -> None:
    content = random.Random(1).randbytes(3 * MIB + 7)
    await put(store, "a", content)
    got = [piece async for piece in store.read("a", **bounds)]
    assert b"".join(got) == content[expected]
    assert all(0 < len(piece) <= MIB for piece in got)


async def test_a_file_too_large_or_broken_off_leaves_the_old_one(store: BlobStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"new"
        raise ConnectionResetError

    old = await put(store, "a", b"old")
    with pytest.raises(TooLarge):
        await store.put("a", pieces(b"x" * 6, b"x" * 6), max_size=11)
    with pytest.raises(ConnectionResetError):
        await store.put("a", broken(), max_size=11)
    assert await read(store, "a") == b"old"
    assert [blob.etag async for blob in store.list()] == [old]


async def test_a_local_copy_does_not_change_and_goes_with_its_context(store: BlobStore) -> None:
    await put(store, "a.pdf", b"old")
    async with store.local_copy("a.pdf") as (path, blob):
        await put(store, "a.pdf", b"newer")
        assert path.read_bytes() == b"old"
        assert path.suffix == ".pdf"
        assert blob.size == 3
        await store.delete("a.pdf")
        assert path.read_bytes() == b"old"
    assert not path.exists()


async def test_blobs_are_listed_by_name_and_prefix(store: BlobStore) -> None:
    names = ["a-b", "a/b", "a/b-c/d", "a/b/c", "a0", "ab", "b", "é", "\U0001f98a"]
    for name in random.Random(1).sample([name for name in names if name != "a/b"], 8):
        await put(store, name, b"x")
    names.remove("a/b")
    assert await listed(store) == names
    assert await listed(store, "a") == ["a-b", "a/b-c/d", "a/b/c", "a0", "ab"]
    assert await listed(store, "a/") == ["a/b-c/d", "a/b/c"]
    assert await listed(store, "a/b-") == ["a/b-c/d"]
    assert await listed(store, "nothing") == []


async def test_concurrent_writers_of_one_name_leave_one_whole_file(store: BlobStore) -> None:
    await asyncio.gather(*(put(store, "d/a", bytes([n]) * MIB, bytes([n]) * MIB) for n in range(8)))
    content = await read(store, "d/a")
    assert len(content) == 2 * MIB
    assert len(set(content)) == 1


def write_and_delete(kind: str, folder: Path, process: int) -> int:
    async def run() -> int:
        async with BLOB_STORES[kind](folder) as store:
            for number in range(8):
                await put(store, "users/u/deep/a", bytes([process]) * 1000)
                await put(store, f"users/u/{process}.{number}", b"x")
                assert await store.delete(f"users/u/{process}.{number}")
                await store.delete("users/u/deep/a")
            return len(await listed(store, "elsewhere"))

    return asyncio.run(run())


async def test_processes_write_and_delete_the_same_names_without_an_error(
    store: BlobStore, kind: str, tmp_path: Path
) -> None:
    assert (
        await in_processes(write_and_delete, [(kind, tmp_path, process) for process in range(3)]) == [0] * 3
    )
    assert await listed(store) == []


async def test_a_ping_reaches_the_store(store: BlobStore) -> None:
    await store.ping()
