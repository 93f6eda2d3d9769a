"""What every search index promises about ranking, modes, filters and the text of a query."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import EVERYONE, SearchMode, user_reader
from shared.errors import ConfigError
from shared.search_indexes.base import SearchIndex
from tests.contract.search_index_cases import (
    DIMENSION,
    OPENERS,
    PUBLIC,
    Opener,
    ask,
    fill,
    ids,
    passage,
    until_found,
)

ANN, BOB = user_reader("ann"), user_reader("bob")


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


@pytest.fixture
async def index(opener: Opener, tmp_path: Path) -> AsyncIterator[SearchIndex]:
    index = opener(tmp_path, DIMENSION)
    yield index
    await index.close()


async def test_an_empty_index_finds_nothing(index: SearchIndex) -> None:
    assert await index.search(ask("anything", angle=0)) == []
    assert await index.count() == 0
    assert [pair async for pair in index.versions()] == []
    assert await index.chunk_ids("doc", 1) == frozenset()
    assert await index.neighbours("doc.1.0", before=1, after=1) == []
    assert await index.delete_versions("doc") == 0
    await index.set_readers("doc", PUBLIC)
    await index.write([])


async def test_it_tells_its_name_and_dimension(index: SearchIndex) -> None:
    assert index.name
    assert index.dimension == DIMENSION


async def test_a_hit_carries_the_chunk_as_it_was_written(index: SearchIndex) -> None:
    written = passage("doc", 3, "Ünïcode “text” 🎈\nwith lines", title="A title", heading="One › Two")
    await fill(index, written)
    hits = await index.search(ask("lines", angle=1.5))
    assert [hit.chunk for hit in hits] == [written.chunk]


async def test_vectors_rank_by_cosine_similarity(index: SearchIndex) -> None:
    await fill(index, *(passage("doc", n, angle=n / 10) for n in range(8)))
    hits = await index.search(ask(angle=0.31, mode="vector", top_k=4))
    assert ids(hits) == ["doc.1.3", "doc.1.4", "doc.1.2", "doc.1.5"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("field", ["title", "heading", "content"])
async def test_text_is_found_in_title_heading_and_content(index: SearchIndex, field: str) -> None:
    await fill(index, passage("other"), passage("doc", **{field: "the maintenance of turbines"}))
    assert ids(await index.search(ask("turbine", mode="text"))) == ["doc.1.0"]


async def test_text_ranks_rare_words_before_frequent_ones(index: SearchIndex) -> None:
    chunks = [passage("doc", n, "the pump is checked every week") for n in range(6)]
    await fill(index, *chunks, passage("rare", 0, "the gasket is checked every year"))
    hits = await index.search(ask("gasket pump", mode="text"))
    assert ids(hits)[0] == "rare.1.0"
    assert len(hits) == 7
    assert all(hit.score > 0 for hit in hits)


async def test_hybrid_ranks_what_both_legs_find_before_what_one_finds(index: SearchIndex) -> None:
    await fill(
        index,
        passage("vector", 0, "nothing", angle=0.0),
        passage("text", 0, "a zebra and some other animals that are not one", angle=3.0),
        passage("both", 0, "zebra zebra zebra", angle=0.1),
    )
    hits = await index.search(ask("zebra", angle=0.0))
    assert hits[0].chunk.document_id == "both"
    assert {hit.chunk.document_id for hit in hits} == {"both", "text", "vector"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score > 0 for hit in hits)


async def test_hybrid_without_an_embedding_is_text(index: SearchIndex) -> None:
    await fill(index, passage("a", 0, "copper wire"), passage("b", 0, "iron bar"))
    assert await index.search(ask("copper")) == await index.search(ask("copper", mode="text"))


async def test_vector_mode_without_an_embedding_finds_nothing(index: SearchIndex) -> None:
    await fill(index, passage("a", 0, "copper wire"))
    assert await index.search(ask("copper", mode="vector")) == []


@pytest.mark.parametrize(("top_k", "found"), [(-1, 0), (0, 0), (1, 1), (3, 3), (4, 4), (1_000, 4)])
@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
async def test_top_k_bounds_the_hits(index: SearchIndex, top_k: int, found: int, mode: SearchMode) -> None:
    await fill(index, *(passage("doc", n, "words", angle=n / 10) for n in range(4)))
    assert len(await index.search(ask("words", angle=0, mode=mode, top_k=top_k))) == found


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
async def test_only_chunks_of_a_common_reader_are_found(index: SearchIndex, mode: SearchMode) -> None:
    await fill(
        index,
        passage("public", readers=PUBLIC),
        passage("ann", readers=frozenset({ANN})),
        passage("both", readers=frozenset({ANN, BOB})),
        passage("nobody", readers=frozenset()),
    )
    for readers, expected in (
        ({EVERYONE}, {"public"}),
        ({EVERYONE, ANN}, {"public", "ann", "both"}),
        ({BOB}, {"both"}),
        ({user_reader("carol")}, set()),
        (set(), set()),
    ):
        hits = await index.search(ask("nothing", angle=0, mode=mode, readers=frozenset(readers)))
        assert {hit.chunk.document_id for hit in hits} == expected
    hits = await index.search(ask("nothing", angle=0, mode=mode, readers=None))
    assert len(hits) == 4


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
async def test_only_the_named_documents_are_found(index: SearchIndex, mode: SearchMode) -> None:
    await fill(index, *(passage(name, readers=frozenset({ANN})) for name in "abc"))
    for names, expected in (("a", {"a"}), ("bc", {"b", "c"}), ("x", set()), ("", set()), ("ax", {"a"})):
        query = ask("nothing", angle=0, mode=mode, documents=names, readers=frozenset({ANN}))
        assert {hit.chunk.document_id for hit in await index.search(query)} == expected
        query = ask("nothing", angle=0, mode=mode, documents=names)
        assert await index.search(query) == []


async def test_a_filter_reaches_past_the_best_of_the_whole_index(index: SearchIndex) -> None:
    crowd = [passage("crowd", n, "pump pump pump", angle=0) for n in range(400)]
    mine = [passage("mine", n, "a pump among words", angle=1, readers=frozenset({ANN})) for n in range(5)]
    await index.write(crowd + mine)
    for mode in ("hybrid", "text", "vector"):
        query = ask("pump", angle=0, mode=mode, readers=frozenset({ANN}))
        await until_found(index, query, [c.chunk.id for c in mine])


NAUGHTY = {
    "quotes": "\"copper 'wire",
    "operators": "copper AND NOT (wire OR",
    "fields": "content:copper title:* row:1",
    "ranges": "copper [a TO z] {1 TO *} <>=",
    "wildcards": "copper* c?pper copper~2 copper^9",
    "slashes": "/cop.*/ \\ copper \\\\",
    "sql": "copper'; DROP TABLE chunks; --",
    "control": "\x00\x01copper\t\r\n\x7f\u200b ",
    "long": "copper " + "lorem ipsum " * 9_000,
    "surrogate": "copper \ud800",
    "emoji": "🎈 copper 👩‍👩‍👧‍👦",
}


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY)
@pytest.mark.parametrize("mode", ["hybrid", "text"])
async def test_no_text_of_a_query_is_syntax(index: SearchIndex, text: str, mode: SearchMode) -> None:
    await fill(index, passage("doc", 0, "copper"), passage("not", 0, "zzz", readers=frozenset({ANN})))
    assert ids(await index.search(ask(text, angle=0, mode=mode))) == ["doc.1.0"]


@pytest.mark.parametrize("text", ["", " ", "\n", "?!", "\"'()", "x" * 100_000, "🎈"])
async def test_text_without_a_known_word_finds_nothing(index: SearchIndex, text: str) -> None:
    await fill(index, passage("doc", 0, "copper"))
    assert await index.search(ask(text, mode="text")) == []
    assert ids(await index.search(ask(text, angle=0))) == ["doc.1.0"]


LANGUAGES = {
    "English": ("The engines were running", "run engine"),
    "German": ("Die Straße nach Köln", "straße koln"),
    "French": ("Un résumé des élèves", "élèves"),
    "decomposed": ("caf\u00e9 au lait", "cafe\u0301"),
    "ligature": ("the \ufb01nal of\ufb01ce", "final office"),
    "full width": ("ＡＢＣ１２３", "abc123"),
    "Russian": ("Договор аренды", "договор"),
    "Greek": ("Η συμφωνία", "συμφωνία"),
    "Arabic": ("اتفاقية الإيجار", "الإيجار"),
    "Hindi": ("किराया समझौता", "समझौता"),
    "Chinese": ("我在北京大学学习", "北京大学"),
    "Japanese": ("東京都の図書館で本を読む", "図書館"),
    "Korean": ("임대 계약서", "계약서"),
    "Thai": ("ห้องสมุดแห่งชาติ", "แห่งชาติ"),
}


@pytest.mark.parametrize(("content", "query"), LANGUAGES.values(), ids=LANGUAGES)
async def test_words_are_found_in_any_script(index: SearchIndex, content: str, query: str) -> None:
    await fill(index, passage("doc", 0, content), passage("other", 0, "something else entirely"))
    assert ids(await index.search(ask(query, mode="text"))) == ["doc.1.0"]


async def test_another_dimension_is_refused_and_changes_nothing(index: SearchIndex) -> None:
    wrong = passage("doc")
    wrong = type(wrong)(chunk=wrong.chunk, embedding=[1.0, 0.0], readers=PUBLIC)
    with pytest.raises(ConfigError, match="2"):
        await index.write([passage("fine"), wrong])
    assert await index.count() == 0
    query = ask("x", angle=0)
    with pytest.raises(ConfigError):
        await index.search(type(query)(text="x", embedding=[1.0], top_k=1, readers=None))


async def test_an_index_of_another_dimension_is_refused(opener: Opener, tmp_path: Path) -> None:
    first = opener(tmp_path, DIMENSION)
    await first.write([passage()])
    await first.close()
    second = opener(tmp_path, 4)
    with pytest.raises(ConfigError):
        await second.search(ask("nothing"))
    with pytest.raises(ConfigError):
        await second.count()
    await second.close()


async def test_searches_beside_writes_always_see_whole_chunks(index: SearchIndex) -> None:
    await fill(index, *(passage("old", n, "pump", angle=n / 50) for n in range(20)))

    async def write() -> None:
        for round_ in range(8):
            await index.write([passage("old", n, "pump", angle=n / 50) for n in range(20)])
            await index.write([passage(f"new{round_}", n, "pump", angle=2) for n in range(5)])
            await index.delete_versions(f"new{round_}")

    async def search() -> None:
        while not writing.done():
            hits = await index.search(ask("pump", angle=0, mode="vector", top_k=20, documents=["old"]))
            assert sorted(ids(hits)) == sorted(f"old.1.{n}" for n in range(20))
            await index.search(ask("pump", angle=0))

    writing = asyncio.create_task(write())
    await asyncio.gather(writing, *(search() for _ in range(6)))
    await until_found(index, ask("pump", mode="text", top_k=100), [f"old.1.{n}" for n in range(20)])
