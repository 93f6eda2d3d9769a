"""What every metadata store promises about tags, and about naming the documents that fit filters."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import EVERYONE, BlobProperties, Document, DocumentStatus, Filters
from shared.metadata_stores.base import MetadataStore
from shared.query.filters import fits
from tests.contract.openers import METADATA_STORES

HR = frozenset({"hr", "2026"})


@pytest.fixture(params=METADATA_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[kind](tmp_path) as store:
        yield store


def document(name: str, *readers: str, owner_id: str | None = None) -> Document:
    return Document(
        id=f"id of {name}",
        name=name,
        owner_id=owner_id,
        readers=frozenset(readers or {EVERYONE}),
        status=DocumentStatus.QUEUED,
        created_at=1.0,
        updated_at=1.0,
    )


async def index(store: MetadataStore, given: Document, *, now: float = 5.0) -> None:
    await store.announce(given, etag="e")
    blob = BlobProperties(name=given.name, etag="e", size=1, modified_at=1.0)
    claimed = await store.claim(given.id, blob, now=now)
    assert claimed is not None
    assert await store.publish(
        given.id,
        claimed.claimed_version,
        index="i",
        content_hash="h",
        title="T",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(),
        now=now,
    )


async def tags_of(store: MetadataStore, document_id: str) -> frozenset[str]:
    found = await store.document(document_id)
    assert found is not None
    return found.tags


async def test_tags_replace_each_other(store: MetadataStore) -> None:
    await store.announce(document("a"), etag="e")
    assert await store.set_tags("id of a", HR, now=7.0)
    found = await store.document("id of a")
    assert found is not None
    assert (found.tags, found.updated_at) == (HR, 7.0)
    assert await store.set_tags("id of a", frozenset(), now=8.0)
    assert await tags_of(store, "id of a") == frozenset()


async def test_nothing_that_is_not_there_is_tagged(store: MetadataStore) -> None:
    await store.announce(document("a"), etag="e")
    await store.bury("id of a", now=2.0)
    assert not await store.set_tags("id of a", HR, now=3.0)
    assert not await store.set_tags("unknown", HR, now=3.0)
    assert await store.document("unknown") is None


async def test_tags_outlive_new_content_and_do_not_disturb_its_way(store: MetadataStore) -> None:
    given = document("a")
    await store.announce(given, etag="e1")
    blob = BlobProperties(name="a", etag="e1", size=1, modified_at=1.0)
    claimed = await store.claim(given.id, blob, now=2.0)
    assert claimed is not None
    assert await store.set_tags(given.id, HR, now=3.0)
    again = await store.claim(given.id, blob, now=4.0)
    assert again is not None
    assert again.claimed_version == claimed.claimed_version, "a retry continues"
    await index(store, given)
    await store.announce(given, etag="e2")
    assert await tags_of(store, given.id) == HR


async def test_a_document_that_comes_back_has_no_tags(store: MetadataStore) -> None:
    await store.announce(document("a"), etag="e1")
    await store.set_tags("id of a", HR, now=2.0)
    await store.bury("id of a", now=3.0)
    assert (await store.announce(document("a"), etag="e2")).tags == frozenset()


@pytest.mark.parametrize("readers", [None, frozenset({EVERYONE, "user:ann"})])
async def test_documents_are_listed_by_tag(store: MetadataStore, readers: frozenset[str] | None) -> None:
    for name in "abcd":
        await store.announce(document(name), etag="e")
    for name in "abd":
        await store.set_tags(f"id of {name}", HR, now=2.0)
    await store.set_tags("id of c", frozenset({"hr-2026"}), now=2.0)
    listed = [each.name for each in await store.list_documents(readers=readers, tag="hr", limit=2)]
    assert listed == ["a", "b"]
    rest = await store.list_documents(readers=readers, tag="hr", after="b", limit=2)
    assert [each.name for each in rest] == ["d"]
    queued = await store.list_documents(readers=readers, tag="hr", status=DocumentStatus.QUEUED)
    assert [each.name for each in queued] == ["a", "b", "d"]
    assert await store.list_documents(readers=readers, tag="h") == []


async def test_only_what_can_be_searched_and_read_matches(store: MetadataStore) -> None:
    for name, reader in (("a", EVERYONE), ("b", "user:ann"), ("c", "user:bob"), ("d", EVERYONE)):
        await index(store, document(name, reader))
    await store.announce(document("e"), etag="e")  # queued
    await store.bury("id of d", now=6.0)

    async def found(*readers: str) -> list[str] | None:
        return await store.matching(Filters(), readers=frozenset(readers), limit=10)

    assert sorted(await found(EVERYONE, "user:ann") or []) == ["id of a", "id of b"]
    assert await found("user:nobody") == []
    assert await found() == []
    everything = await store.matching(Filters(), readers=None, limit=10)
    assert sorted(everything or []) == ["id of a", "id of b", "id of c"]


async def test_too_many_matches_are_none(store: MetadataStore) -> None:
    for name in "abc":
        await index(store, document(name))
    assert await store.matching(Filters(), readers=None, limit=2) is None
    assert len(await store.matching(Filters(), readers=None, limit=3) or []) == 3


async def test_the_first_and_the_last_moment_belong_to_the_time(store: MetadataStore) -> None:
    await index(store, document("a"), now=5.0)
    assert await store.matching(Filters(since=5.0, until=5.0), readers=None, limit=1) == ["id of a"]
    assert await store.matching(Filters(since=5.5), readers=None, limit=1) == []
    assert await store.matching(Filters(until=4.5), readers=None, limit=1) == []


@pytest.mark.parametrize("folder", ["a.c", "(", "a\\d", "100%", "a_c", "ünï cødé 🦊", "^", "a b-c~#&"])
async def test_a_folder_is_a_name_and_no_pattern(store: MetadataStore, folder: str) -> None:
    await index(store, document(f"shared/{folder}/x.pdf"))
    for other in ("shared/abc/x.pdf", "shared/1000/x.pdf", "shared/a1/x.pdf"):
        await index(store, document(other))
    found = await store.matching(Filters(folder=f"shared/{folder}"), readers=None, limit=10)
    assert found == [f"id of shared/{folder}/x.pdf"]


_SEGMENTS = st.sampled_from(["a", "A", "a.b", "shared", "users", "u1", "x", "ü", "a b", "."])
_FILES = st.tuples(
    st.sampled_from(["f", "", "f.pdf", "ü"]),
    st.sampled_from(["", ".pdf", ".PDF", ".htm", ".HtmL", ".md", ".\u212aml", ".pdf\n", ".", ".tar.gz"]),
).map("".join)
_NAMES = st.tuples(
    st.sampled_from(["shared/", "users/u1/", "users/u2/", ""]),
    st.lists(_SEGMENTS, max_size=2).map(lambda parts: "".join(f"{part}/" for part in parts)),
    _FILES,
).map("".join)
_TAGS = st.frozensets(st.sampled_from(["hr", "h", "2026", 'a"b', "é", "null"]), max_size=3)
_MOMENTS = st.sampled_from([1.0, 2.5, 4.0])
_DOCUMENTS = st.dictionaries(
    _NAMES,
    st.tuples(st.sampled_from([None, "u1", "u2"]), _TAGS, _MOMENTS, st.sampled_from(["user:a", "user:b"])),
    min_size=1,
    max_size=6,
)
_FILTERS = st.builds(
    Filters,
    folder=st.none() | st.lists(_SEGMENTS, min_size=1, max_size=2).map("/".join),
    types=st.frozensets(st.sampled_from(["pdf", "html", "htm", "markdown", "kml", "gz", "*"]), max_size=2),
    tags=_TAGS,
    since=st.none() | _MOMENTS,
    until=st.none() | _MOMENTS,
)


@pytest.mark.parametrize("kind", METADATA_STORES)
@settings(deadline=None, max_examples=25)
@given(documents=_DOCUMENTS, asked=st.lists(_FILTERS, min_size=5, max_size=8))
async def test_what_matches_is_exactly_what_fits(
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
    documents: dict[str, tuple[str | None, frozenset[str], float, str]],
    asked: list[Filters],
) -> None:
    async with METADATA_STORES[kind](tmp_path_factory.mktemp("store")) as store:
        for name, (owner_id, tags, indexed_at, reader) in documents.items():
            await index(store, document(name, reader, owner_id=owner_id), now=indexed_at)
            await store.set_tags(f"id of {name}", tags, now=9.0)
        stored = [each async for each in store.every_document()]
        for filters in asked:
            for readers in (None, frozenset({"user:a"})):
                found = await store.matching(filters, readers=readers, limit=100)
                assert sorted(found or []) == sorted(
                    each.id
                    for each in stored
                    if fits(each, filters) and (readers is None or not each.readers.isdisjoint(readers))
                )
