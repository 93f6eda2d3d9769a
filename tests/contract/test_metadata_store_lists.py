"""What every metadata store promises about many documents: lists, readers, names, races, kill -9."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import EVERYONE, BlobProperties, Document, DocumentStatus, user_reader
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES, in_processes

ODD_TEXTS = [
    "'; DROP TABLE documents; --",
    '{"$ne": null}',
    "100%_sure*?[a-z]",
    "..",
    "a\0b",
    "naïve — ünï/cødé 🦊.pdf",
    "nai\u0308ve.txt",
    "\U0010ffff",
]


@pytest.fixture(params=METADATA_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[kind](tmp_path) as store:
        yield store


def document(name: str, *readers: str) -> Document:
    return Document(
        id=f"id of {name}",
        name=name,
        owner_id=None,
        readers=frozenset(readers or {EVERYONE}),
        status=DocumentStatus.QUEUED,
        created_at=1.0,
        updated_at=1.0,
    )


def blob(name: str, etag: str) -> BlobProperties:
    return BlobProperties(name=name, etag=etag, size=1, modified_at=1.0)


def names(documents: list[Document]) -> list[str]:
    return [document.name for document in documents]


async def test_documents_come_by_id_tombstones_too_unknown_ones_not(store: MetadataStore) -> None:
    given = [document(f"{number:04}") for number in range(1_200)]
    await asyncio.gather(*(store.announce(document, etag="e") for document in given[:5]))
    await store.bury(given[0].id, now=2.0)
    found = await store.documents([document.id for document in given])
    assert sorted(found) == [document.id for document in given[:5]]
    assert found[given[0].id].status is DocumentStatus.DELETED
    assert found[given[1].id] == given[1]
    assert await store.documents([]) == {}


async def test_pages_follow_each_other_by_name_without_gap_or_repeat(store: MetadataStore) -> None:
    given = [f"shared/{number:03}" for number in range(25)]
    for name in random.Random(1).sample(given, len(given)):
        await store.announce(document(name), etag="e")
    seen: list[str] = []
    while page := await store.list_documents(readers=None, after=seen[-1] if seen else None, limit=10):
        seen += names(page)
    assert seen == given
    assert names([document async for document in store.every_document()]) == given


async def test_a_list_holds_only_what_any_of_the_readers_may_read(store: MetadataStore) -> None:
    ann, ben = user_reader("ann"), user_reader("ben")
    for name, readers in {"a": [ann], "b": [ben], "c": [EVERYONE], "d": [ann, ben, EVERYONE]}.items():
        await store.announce(document(name, *readers), etag="e")
    assert names(await store.list_documents(readers=frozenset({ann, EVERYONE}))) == ["a", "c", "d"]
    assert names(await store.list_documents(readers=frozenset({ann, EVERYONE}), limit=2)) == ["a", "c"]
    assert names(await store.list_documents(readers=frozenset({ann, EVERYONE}), after="a", limit=1)) == ["c"]
    assert await store.list_documents(readers=frozenset()) == []
    assert names(await store.list_documents(readers=None)) == ["a", "b", "c", "d"]


async def test_readers_changed_are_readers_listed(store: MetadataStore) -> None:
    await store.announce(document("a"), etag="e")
    assert await store.set_readers("id of a", frozenset({"user:ann"}), now=7.0)
    changed = await store.document("id of a")
    assert changed is not None
    assert (changed.readers, changed.updated_at) == (frozenset({"user:ann"}), 7.0)
    assert await store.list_documents(readers=frozenset({EVERYONE})) == []
    assert names(await store.list_documents(readers=frozenset({"user:ann"}))) == ["a"]
    assert not await store.set_readers("nobody", frozenset(), now=7.0)


@pytest.mark.parametrize("readers", [None, frozenset({EVERYONE})])
async def test_a_list_can_be_narrowed_by_prefix_and_status(
    store: MetadataStore, readers: frozenset[str] | None
) -> None:
    for name in ("a", "ab", "ab/c", "ab/d", "ab\U0010ffff", "ac", "b"):
        await store.announce(document(name), etag="e")
    await store.claim("id of ab/d", blob("ab/d", "e"), now=2.0)
    await store.bury("id of ab", now=2.0)
    listed = await store.list_documents(readers=readers, prefix="ab")
    assert names(listed) == ["ab/c", "ab/d", "ab\U0010ffff"]
    assert names(await store.list_documents(readers=readers, prefix="ab", after="ab/c", limit=1)) == ["ab/d"]
    assert await store.list_documents(readers=readers, prefix="ab", after="ac") == []
    parsing = await store.list_documents(readers=readers, status=DocumentStatus.PARSING)
    assert names(parsing) == ["ab/d"]
    assert await store.list_documents(readers=readers, status=DocumentStatus.DELETED) == []


async def test_documents_are_counted_for_every_status(store: MetadataStore) -> None:
    for name in ("a", "b", "c"):
        await store.announce(document(name), etag="e")
    await store.bury("id of a", now=2.0)
    counted = await store.count_documents()
    assert counted[DocumentStatus.QUEUED] == 2
    assert counted[DocumentStatus.DELETED] == 1
    assert set(counted) == set(DocumentStatus)


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_ids_and_names_are_never_interpreted(store: MetadataStore, text: str) -> None:
    await store.announce(document("innocent", "user:x"), etag="e")
    await store.announce(document(text, text), etag="e")
    assert await store.documents([f"id of {text}"]) == {f"id of {text}": document(text, text)}
    assert await store.claim(f"id of {text}", blob(text, text), now=2.0) is not None
    assert names(await store.list_documents(readers=frozenset({text}))) == [text]
    assert names(await store.list_documents(readers=None, prefix=text)) == [text]
    await store.bury(f"id of {text}", now=3.0)
    assert names(await store.list_documents(readers=None)) == ["innocent"]


async def test_of_many_claims_with_one_etag_all_get_the_same_version(store: MetadataStore) -> None:
    await store.announce(document("a"), etag="e")
    claims = await asyncio.gather(*(store.claim("id of a", blob("a", "e"), now=2.0) for _ in range(20)))
    assert {claim.claimed_version for claim in claims if claim} == {1}


async def claim_and_publish(store: MetadataStore, etag: str) -> int | None:
    claim = await store.claim("id of a", blob("a", etag), now=2.0)
    assert claim is not None
    is_published = await store.publish(
        "id of a",
        claim.claimed_version,
        index="documents-v1",
        content_hash=etag,
        title="",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(),
        now=3.0,
    )
    return claim.claimed_version if is_published else None


def claim_in_process(kind: str, folder: Path, process: int) -> list[int | None]:
    async def run() -> list[int | None]:
        async with METADATA_STORES[kind](folder) as store:
            return [await claim_and_publish(store, f"{process}.{turn}") for turn in range(20)]

    return asyncio.run(run())


async def test_among_processes_no_version_is_given_twice_and_the_last_one_stands(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    await store.announce(document("a"), etag="e")
    results = await in_processes(claim_in_process, [(kind, tmp_path, process) for process in range(3)])
    published = [version for result in results for version in result if version is not None]
    assert len(published) == len(set(published))
    final = await store.document("id of a")
    assert final is not None
    assert final.claimed_version == 60
    assert final.version_in("documents-v1") == final.current_version
    assert final.current_version == max(published)


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.contract.openers import METADATA_STORES
from tests.contract.test_metadata_store_lists import document

async def run():
    async with METADATA_STORES[sys.argv[1]](Path(sys.argv[2])) as store:
        for number in range(1_000_000):
            await store.announce(document(f"{number:07}"), etag="e")
            print(number, flush=True)

asyncio.run(run())
"""


async def test_what_was_acknowledged_survives_a_killed_writer(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, kind, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) == 50:
            break
    writer.kill()
    acknowledged = [51 + offset for offset, _ in enumerate(writer.stdout)]
    writer.stdout.close()
    await asyncio.to_thread(writer.wait)
    last = acknowledged[-1] if acknowledged else 50
    stored = [document.name async for document in store.every_document()]
    assert stored[: last + 1] == [f"{number:07}" for number in range(last + 1)]
    assert len(stored) <= last + 2
    await store.announce(document("and on"), etag="e")
    for file in tmp_path.glob("*.db"):
        connection = sqlite3.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
