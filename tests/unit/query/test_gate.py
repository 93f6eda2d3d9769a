"""A worse index is refused, and the report says by how much; it tells nothing of what was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import ChatDelta, Citation, IndexVersion, Turn
from shared.errors import Conflict, NotFound
from shared.ingest import builds, documents, pipeline
from shared.query import gate
from shared.query.gate import KnownQuestion
from shared.query.prompt import DONT_KNOW
from shared.services import Services
from tests.stand_ins.index_building import building_services, close, drop_events, work_off
from tests.stand_ins.pipeline_services import ingested

MANY = 14  # more than the ten passages that are looked at


class LongPassagesModel:
    """Finds an answer in long passages only."""

    name = "long passages"

    async def stream(self, prompt, *, timeout):
        is_found = any(len(passage.chunk.content) > 300 for passage in prompt.passages)
        yield ChatDelta(text="Yes [1]." if is_found else DONT_KNOW)

    async def close(self) -> None:
        pass


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = building_services(tmp_path)
    yield services
    await close(services)


async def library(services: Services, number: int = 3) -> list[KnownQuestion]:
    """So many documents, and the question of each."""
    for each in range(number):
        text = " ".join(f"Sentence {line} is a long one." for line in range(20))
        await ingested(services, f"told{each} stands here. {text}", name(each))
    return [asked(each) for each in range(number)]


def name(number: int) -> str:
    return f"shared/{number}.txt"


def asked(number: int, *, page: int = 1) -> KnownQuestion:
    """No word of it stands in the document: its embedding finds it."""
    sources = frozenset({(documents.document_id(name(number)), page)})
    return KnownQuestion(text=f"ask{number}", sources=sources)


async def built(services: Services, **wanted: object) -> IndexVersion:
    version = await builds.build(services, **wanted)  # type: ignore[arg-type]
    await work_off(services)
    return version


async def test_an_index_as_good_as_the_live_one_passes(services: Services) -> None:
    questions = await library(services, MANY)
    version = await built(services, embedder="small")
    services = replace(services, fallback_chat_model=LongPassagesModel())
    report = await gate.judge(version.name, questions, services, margin=0.05)
    assert report.refusal is None
    assert (report.questions, report.documents, report.missing) == (MANY, MANY, 0)
    assert (report.live.recall, report.other.recall) == (1.0, 1.0)


async def test_an_index_that_finds_less_is_refused_with_the_figures(services: Services) -> None:
    questions = await library(services, MANY)
    version = await built(services, embedder="broken", chars=200)
    report = await gate.judge(version.name, questions, services, margin=0.05)
    assert report.live.recall == 1.0
    assert report.other.recall < 0.8
    figures = f"from 1.000 to {report.other.recall:.3f} over {MANY} questions, by more than 0.05"
    assert report.refusal == f"recall@10 falls {figures}"
    assert (await gate.judge(version.name, questions, services, margin=0.99)).refusal is None


async def test_an_index_that_answers_less_is_refused(services: Services) -> None:
    questions = await library(services)
    version = await built(services, chars=200)
    choosy = replace(services, fallback_chat_model=LongPassagesModel())
    report = await gate.judge(version.name, questions, choosy, margin=0.05)
    assert (report.live.answered, report.other.answered) == (1.0, 0.0)
    assert report.refusal == "the answer rate falls from 1.000 to 0.000 over 3 questions, by more than 0.05"


async def test_an_index_that_lacks_documents_is_refused_before_anything_is_asked(services: Services) -> None:
    questions = await library(services)
    version = await builds.build(services)
    await drop_events(services)
    report = await gate.judge(version.name, questions, services, margin=1.0, patience=0.3)
    assert report.refusal == "3 of 3 documents are missing in it"
    assert report.questions == 0


async def test_it_waits_for_documents_on_their_way(services: Services) -> None:
    await library(services)
    version = await builds.build(services)
    judging = asyncio.create_task(gate.judge(version.name, [], services, margin=0.05, patience=30))
    await work_off(services)
    assert (await judging).refusal is None


async def test_without_questions_coverage_alone_is_judged(services: Services) -> None:
    await library(services)
    version = await built(services, embedder="broken")
    report = await gate.judge(version.name, [], services, margin=0.0)
    assert (report.questions, report.refusal) == (0, None)


async def test_sources_that_are_gone_are_not_asked_for(services: Services) -> None:
    await library(services)
    version = await built(services)
    await services.blobs.delete(name(1))
    await pipeline.ingest(name(1), services)
    questions = [asked(1), asked(2), asked(0, page=2), KnownQuestion(text="?", sources=frozenset())]
    report = await gate.judge(version.name, questions, services, margin=0.05)
    assert report.questions == 1


async def test_what_was_found_is_recorded_without_what_was_asked(services: Services) -> None:
    questions = await library(services)
    version = await built(services)
    report = await gate.judge(version.name, questions, services, margin=0.05)
    recorded = await builds.find(version.name, services)
    assert (recorded.documents, recorded.chunks) == (3, 3)
    assert json.loads(recorded.gate)["other"] == {"recall": 1.0, "answered": report.other.answered}
    assert not any(question.text in recorded.gate for question in questions)


async def test_the_live_index_and_unknown_ones_are_not_compared(services: Services) -> None:
    live = await services.shelf.live()
    with pytest.raises(Conflict, match="live already"):
        await gate.judge(live.name, [], services, margin=0.05)
    with pytest.raises(NotFound):
        await gate.judge("documents-v7-20260101t000000", [], services, margin=0.05)


async def test_stored_questions_are_those_that_were_answered_with_citations(services: Services) -> None:
    for number, (question, cited) in enumerate([("a?", [1]), ("b?", []), ("a?", [2]), ("c?", [3, 3])]):
        citations = tuple(_citation(page) for page in cited)
        turn = Turn(question=question, answer="", citations=citations, asked_at=float(number))
        await services.metadata.add_turn(f"c{number}", f"user{number}", turn, title="", max_turns=9)
    found = await gate.stored_questions(services.metadata, limit=10)
    assert {each.text: {page for _, page in each.sources} for each in found} == {"a?": {1, 2}, "c?": {3}}
    assert [each.text for each in await gate.stored_questions(services.metadata, limit=1)] == ["c?"]
    assert await gate.stored_questions(services.metadata, limit=0) == []


def _citation(page: int) -> Citation:
    return Citation(
        marker=1,
        document_id="d",
        document="shared/a.md",
        page=page,
        page_kind="page",
        snippet="",
        url="/",
        score=1.0,
    )
