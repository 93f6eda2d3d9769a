"""What a search finds, and for whom, through filters, repetitions, several wordings and outages."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain import Filters, Passage, Principal, Question
from shared.errors import BackendUnavailable
from shared.query import retrieve, search_queries
from shared.query.retrieve import Found
from shared.services import Services
from tests.stand_ins.pipeline_services import ingested, pipeline_services

ADA = Principal(user_id="ada", email="ada@example.org")
TERMS = (
    "The pump has a warranty of seven years. Seals wear out and are not covered by it, nor are the filters."
)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = pipeline_services(tmp_path)
    yield services
    await services.close()


async def found(services: Services, text: str = "warranty", *, embedder: Any = None, **more: Any) -> Found:
    options = {
        name: more.pop(name) for name in ("queries", "neighbours", "reranker", "timeout") if name in more
    }
    live = await services.shelf.live()
    return await retrieve.search(
        Question(text=text, **more),
        ADA,
        index=replace(live, embedder=embedder) if embedder else live,
        metadata=services.metadata,
        **({"timeout": 30} | options),
    )


def names(result: Found) -> list[str]:
    return [passage.document_name for passage in result.passages]


class Failing:
    """An embedder that is down, or hangs."""

    name, dimension = "failing", 256

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def embed_query(self, text: str) -> list[float]:
        if self._error:
            raise self._error
        await asyncio.Event().wait()
        return []


@pytest.mark.parametrize("error", [BackendUnavailable("down"), None], ids=["down", "hanging"])
async def test_words_have_to_do_while_nothing_embeds(services: Services, error: Exception | None) -> None:
    await ingested(services, TERMS)
    result = await found(services, embedder=Failing(error), timeout=2)
    assert names(result) == ["shared/terms.txt"]
    assert result.by_words_alone


@pytest.mark.parametrize("mode", ["text", "hybrid"])
async def test_only_what_could_not_be_embedded_is_said_to_be_by_words_alone(
    services: Services, mode: Any
) -> None:
    await ingested(services, TERMS)
    assert not (await found(services, mode=mode)).by_words_alone


async def test_a_search_by_vectors_needs_the_embedder(services: Services) -> None:
    with pytest.raises(BackendUnavailable, match="down"):
        await found(services, embedder=Failing(BackendUnavailable("down")), mode="vector")


async def test_a_repetition_makes_room_for_something_else(services: Services) -> None:
    for name in ("shared/a.txt", "shared/b.txt", "shared/c.txt"):
        await ingested(services, TERMS, name)
    await ingested(services, "A warranty may be prolonged by the seller against a fee.", "shared/other.txt")
    result = await found(services, text="warranty of the pump", top_k=2)
    assert names(result)[1] == "shared/other.txt"
    assert len(result.passages) == 2


async def test_what_may_not_be_read_hides_nothing(services: Services) -> None:
    await ingested(services, TERMS, "users/bob/terms.txt")
    await ingested(services, f"{TERMS} Ask the seller.", "users/ada/terms.txt")
    assert names(await found(services)) == ["users/ada/terms.txt"]


async def test_another_wording_finds_what_the_question_does_not(services: Services) -> None:
    await ingested(services, "The guarantee covers seven years.", "shared/guarantee.txt")
    await ingested(services, TERMS)
    alone = await found(services, mode="text")
    both = await found(services, mode="text", queries=("guarantee",))
    assert names(alone) == ["shared/terms.txt"]
    assert set(names(both)) == {"shared/terms.txt", "shared/guarantee.txt"}
    assert [passage.marker for passage in both.passages] == [1, 2]


async def test_neighbours_bring_their_own_page_and_marker(services: Services) -> None:
    await ingested(
        services, "Introduction to everything.\fThe warranty is long.\fConditions apply to all of it."
    )
    result = await found(services, mode="text", neighbours=1)
    assert [(passage.marker, passage.chunk.page) for passage in result.passages] == [(1, 2), (2, 1), (3, 3)]


class Backwards:
    depth = 10

    async def scores(self, question: str, passages: list[Passage]) -> list[float]:
        return [float(place) for place in range(len(passages))]

    async def close(self) -> None:
        pass


async def test_a_reranker_chooses_among_more_than_are_shown(services: Services) -> None:
    await ingested(services, TERMS, "shared/last.txt")
    await ingested(
        services, "A fee prolongs the warranty " + "for those who are willing to wait " * 5, "shared/b.txt"
    )
    plain, turned = [await found(services, top_k=1, reranker=each) for each in (None, Backwards())]
    assert {*names(plain), *names(turned)} == {"shared/last.txt", "shared/b.txt"}


FILED = Filters(folder="shared/handbooks")


async def test_filters_narrow_what_is_found(services: Services) -> None:
    await ingested(services, TERMS, "shared/handbooks/terms.txt")
    await ingested(services, f"{TERMS} Ask the seller for all else there is.", "shared/handbooks2/terms.txt")
    assert names(await found(services, filters=FILED)) == ["shared/handbooks/terms.txt"]


async def test_filters_and_named_documents_both_have_to_fit(services: Services) -> None:
    document = await ingested(services, TERMS, "shared/handbooks/terms.txt")
    other = await ingested(services, f"Terms: {TERMS}", "shared/other.txt")
    inside, outside = [
        await found(services, filters=FILED, document_ids=frozenset({each}))
        for each in (document.id, other.id)
    ]
    assert names(inside) == ["shared/handbooks/terms.txt"]
    assert outside.passages == ()


async def test_nothing_is_searched_when_no_document_fits(services: Services) -> None:
    await ingested(services, TERMS)
    broken = Failing(AssertionError("must not be asked"))
    assert (await found(services, embedder=broken, filters=FILED, mode="vector")).passages == ()


async def test_filters_hold_where_more_documents_fit_than_an_index_can_be_told(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_queries, "_MOST_DOCUMENTS", 1)
    for number in range(30):
        await ingested(services, f"The warranty number {number} is long.", f"shared/{number}.txt")
    for number in (1, 2):
        text = f"Warranty, among {number} other things of no weight that are told at length in this text."
        await ingested(services, text, f"shared/handbooks/{number}.txt")
    result = await found(services, top_k=2, filters=FILED)
    assert sorted(names(result)) == ["shared/handbooks/1.txt", "shared/handbooks/2.txt"]
