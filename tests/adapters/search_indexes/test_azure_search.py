"""What `AzureSearchIndex` asks of the service: its queries, filters, pages and the semantic ranker."""

import pytest

from shared.domain import EVERYONE
from shared.errors import BackendUnavailable, ConfigError
from shared.search_indexes.azure_search import AzureSearchIndex
from shared.search_indexes.azure_search_documents import id_of, key_of, search_text
from tests.adapters.search_indexes.azure_search_cases import index, open_index, service
from tests.contract.search_index_cases import PUBLIC, ask, ids, passage
from tests.stand_ins.search_service import SearchService, SemanticRanker

__all__ = ["index", "service"]

HOSTILE = [
    "o'hara",
    "x', '|') or true or search.in(document_id, 'a",
    "a|b,c;d",
    "') or (1 eq 1",
    "\ue000|",
    "''",
]


async def test_hybrid_is_one_request_with_text_vector_and_a_filter_before_the_search(
    index: AzureSearchIndex, service: SearchService
) -> None:
    await index.write([passage(content="copper")])
    await index.search(ask("copper wire?", angle=1, documents=["doc"]))
    (request,) = service.bodies("search.post.search")
    (vector,) = request.pop("vectorQueries")
    assert len(vector.pop("vector")) == index.dimension
    assert vector == {"kind": "vector", "fields": "embedding", "k": 100}
    assert request == {
        "search": "copper wire",
        "searchFields": "title,heading,content",
        "queryType": "simple",
        "filter": "readers/any(reader: search.in(reader, 'everyone', '|')) "
        "and search.in(document_id, 'doc', '|')",
        "vectorFilterMode": "preFilter",
        "select": "id,document_id,version,ordinal,page,title,heading,content,original",
        "top": 10,
    }


@pytest.mark.parametrize("reader", HOSTILE)
async def test_no_reader_smuggles_in_another(index: AzureSearchIndex, reader: str) -> None:
    await index.write([passage("mine", readers=frozenset({reader})), passage("theirs")])
    hits = await index.search(ask("nothing", angle=0, readers=frozenset({reader})))
    assert ids(hits) == ["mine.1.0"]


@pytest.mark.parametrize("document", HOSTILE)
async def test_no_document_id_smuggles_in_another(index: AzureSearchIndex, document: str) -> None:
    await index.write([passage(document), passage("theirs")])
    hits = await index.search(ask("nothing", angle=0, documents=[document]))
    assert [hit.chunk.document_id for hit in hits] == [document]
    assert await index.chunk_ids(document, 1) == {f"{document}.1.0"}
    assert [n.chunk.id for n in await index.neighbours(f"{document}.1.0", before=1, after=1)] == []
    assert await index.delete_versions(document) == 1
    assert await index.count() == 1


async def test_whoever_may_see_nothing_is_answered_without_a_request(
    index: AzureSearchIndex, service: SearchService
) -> None:
    assert await index.search(ask("copper", angle=0, readers=frozenset())) == []
    assert await index.search(ask("copper", angle=0, documents=[])) == []
    assert await index.search(ask("?!", mode="text")) == []
    assert service.requests == []


@pytest.mark.parametrize("chunk_id", ["0a1b.2.33", "Ünï.1.0", "a=b_c-d~e/f.1.0", "_x.1.0"])
def test_a_key_is_made_of_allowed_characters_and_gives_its_id_back(chunk_id: str) -> None:
    key = key_of(chunk_id)
    assert key.isascii()
    assert set(key) - set("_-=") <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert not key.startswith("_")
    assert id_of(key) == chunk_id


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("C++ (or C#)?", "C or C#"),
        ('"exact" -not +must wild* fuzz~1 a|b', "exact not must wild fuzz 1 a b"),
        ("don't panic, v1.2", "don't panic, v1.2"),
        ("— … 🎈", None),
        ("", None),
    ],
)
def test_a_search_text_keeps_words_and_loses_operators(text: str, sent: str | None) -> None:
    assert search_text(text) == sent


def test_a_search_text_stays_within_the_clauses_that_the_service_takes() -> None:
    assert len((search_text("ab " * 5_000) or "").split()) == 500
    assert 250 <= len((search_text("北" * 5_000) or "").replace(" ", "")) <= 500


async def test_more_chunks_than_a_page_are_listed_shared_and_deleted(
    index: AzureSearchIndex, service: SearchService
) -> None:
    await index.write(
        [passage("long", n) for n in range(2_100)] + [passage("short"), passage("short", version=2)]
    )
    assert len(await index.chunk_ids("long", 1)) == 2_100
    assert sorted([pair async for pair in index.versions()]) == [("long", 1), ("short", 1), ("short", 2)]
    await index.set_readers("long", frozenset({"group:x"}))
    assert ids(await index.search(ask("nothing", angle=0))) == ["short.1.0", "short.2.0"]
    assert await index.delete_versions("long") == 2_100
    assert await index.count() == 2
    assert max(len(body["value"]) for body in service.bodies("search.index")) == 1_000


async def test_what_was_just_written_is_found_by_a_delete_and_a_share() -> None:
    with SearchService(visible_after=0.4) as service:
        index = open_index(service)
        await index.write([passage("doc", 0), passage("doc", 1)])
        await index.set_readers("doc", frozenset({"user:ann"}))
        await index.write([passage("gone", n) for n in range(3)])
        assert await index.delete_versions("gone") == 3
        hits = await index.search(ask("nothing", readers=frozenset({"user:ann", EVERYONE})))
        assert ids(hits) == ["doc.1.0", "doc.1.1"]
        await index.close()


async def test_a_share_keeps_the_embedding(index: AzureSearchIndex) -> None:
    await index.write([passage("doc", angle=0.5)])
    await index.set_readers("doc", PUBLIC)
    (hit,) = await index.search(ask(angle=0.5, mode="vector"))
    assert hit.score == pytest.approx(1.0, abs=1e-4)


async def test_the_semantic_ranker_orders_hybrid_hits_and_scores_them(service: SearchService) -> None:
    index = open_index(service, semantic_ranker=True)
    await index.write(
        [
            passage("near", content="pump", angle=0.0),
            passage("exact", content="the pump of the red valve", angle=3.0),
        ]
    )
    hits = await index.search(ask("red valve pump", angle=0.0))
    assert [(hit.chunk.document_id, hit.score) for hit in hits] == [
        ("exact", pytest.approx(4.0)),
        ("near", pytest.approx(4 / 3)),
    ]
    for mode in ("text", "vector"):
        await index.search(ask("red valve pump", angle=0.0, mode=mode))
    assert [body.get("queryType") for body in service.bodies("search.post.search")] == [
        "semantic",
        "simple",
        None,
    ]
    await index.close()


@pytest.mark.parametrize("ranker", [SemanticRanker(is_overloaded=True), SemanticRanker(status=402)])
async def test_without_the_semantic_ranker_the_fused_order_stays_and_the_log_says_so(
    service: SearchService, ranker: SemanticRanker, caplog: pytest.LogCaptureFixture
) -> None:
    index = open_index(service, semantic_ranker=True)
    await index.write(
        [passage("near", content="pump", angle=0.0), passage("far", content="valve", angle=3.0)]
    )
    service.behave(ranker=ranker)
    hits = await index.search(ask("pump", angle=0.0))
    assert [(hit.chunk.document_id, hit.score) for hit in hits] == [
        ("near", pytest.approx(2 / 60)),
        ("far", pytest.approx(1 / 61)),
    ]
    assert "semantic_ranker_skipped" in caplog.messages
    await index.close()


async def test_a_semantic_ranker_that_is_refused_otherwise_is_an_error(service: SearchService) -> None:
    index = open_index(service, semantic_ranker=True)
    await index.write([passage()])
    service.behave(ranker=SemanticRanker(status=400))
    with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_SEMANTIC_RANKER"):
        await index.search(ask("pump", angle=0.0))
    await index.close()


@pytest.mark.parametrize("name", ["Documents", "a", "-a", "a-", "a--b", "a_b", "ä1", "a" * 101])
def test_a_name_that_the_service_would_refuse_is_refused_at_the_start(
    service: SearchService, name: str
) -> None:
    with pytest.raises(ConfigError, match="RAG_INDEX_NAME"):
        open_index(service, index=name)
