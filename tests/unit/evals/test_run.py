"""A measurement asks the product's own pipelines and scores what they say."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evals.datasets import Dataset, read_dataset
from evals.evaluation import Options, Report
from evals.question_rows import LabelledQuestion
from evals.report import failures, markdown, rows, troubles
from evals.run import ask_all, fill
from evals.scores import QUALITY, Reply, scored
from shared.chat_models.base import ChatModel
from shared.domain import Prompt
from shared.errors import BackendUnavailable
from shared.services import Services
from tests.stand_ins.pipeline_services import live_index, pipeline_services

DOCUMENTS = {
    "warranty.txt": b"The warranty of the pump lasts for seven years.\fThe filter is excluded from it.",
    "leave.txt": b"Employees have thirty days of annual leave.",
    "noise.txt": b"Bananas are yellow. Larks sing.",
}
WARRANTY = LabelledQuestion(
    id="q1",
    text="How long does the warranty of the pump last?",
    type="fact",
    truths={("warranty.txt", 1): 1.0},
    must_contain=(("seven years", "7 years"),),
    truth="The warranty of the pump lasts seven years.",
)
LEAVE = LabelledQuestion(
    id="q2",
    text="How many of them are there?",
    history=("How many days of annual leave do employees have?",),
    type="follow_up",
    truths={("leave.txt", None): 1.0},
)
NOWHERE = LabelledQuestion(id="q3", text="Which bank?", type="unanswerable", is_answerable=False)
DATASET = Dataset(name="small", documents=DOCUMENTS, questions=(WARRANTY, LEAVE, NOWHERE))


def ignore(_: int) -> None:
    """No progress is shown."""


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = pipeline_services(tmp_path)
    yield services
    await services.close()


async def report_of(dataset: Dataset, services: Services, **options: object) -> Report:
    failed = await fill(dataset, services, advance=ignore)
    outcomes = await ask_all(dataset, services, top_k=2, advance=ignore, **options)  # type: ignore[arg-type]
    return Report(
        dataset=dataset,
        passages=4,
        embedder="hashing",
        model=services.chat_model.name,
        options=Options(with_answers=bool(options.get("with_answers", True))),
        outcomes=tuple(outcomes),
        failures=failed,
    )


async def test_an_answer_is_scored_by_its_page_its_facts_and_its_words(services: Services) -> None:
    first, leave, nowhere = (await report_of(DATASET, services)).outcomes
    assert first.ranking[0] == ("warranty.txt", 1)
    assert first.reply is not None
    assert first.reply.cited[0] == ("warranty.txt", 1)
    assert {"total", "retrieve", "answer"} <= first.reply.timings.keys()
    whole = ("ndcg@10", "recall@5", "recall@10", "mrr", "hit@5", "citation recall", "answered", "facts")
    assert {name: first.values[name] for name in whole} == dict.fromkeys(whole, 1.0)
    assert 0.5 < first.values["token f1"] <= 1.0
    assert leave.values["recall@5"] == 1.0  # found by the question before it
    assert set(nowhere.values) == {"refused"}


async def test_with_rankings_alone_nothing_is_answered_or_remembered(services: Services) -> None:
    dataset = Dataset(name="small", documents=DOCUMENTS, questions=(WARRANTY,))
    (outcome,) = (await report_of(dataset, services, with_answers=False)).outcomes
    assert outcome.reply is None
    assert set(outcome.values) == {"ndcg@10", "recall@5", "recall@10", "mrr", "hit@5"}
    assert await services.metadata.list_conversations("eval", limit=10) == []


async def test_what_is_indexed_stays_and_what_is_no_longer_wanted_goes(services: Services) -> None:
    told: list[int] = []
    await fill(DATASET, services, advance=told.append)
    assert sorted(told) == sorted(map(len, DOCUMENTS.values()))
    before = await services.metadata.documents(
        [document.id async for document in services.metadata.every_document()]
    )
    fewer = Dataset(name="small", documents=dict(list(DOCUMENTS.items())[:2]), questions=())
    assert await fill(fewer, services, advance=ignore) == {}
    after = await services.metadata.documents(list(before))
    names = {each.name: each.current_version for each in after.values()}
    assert names == {"shared/warranty.txt": 1, "shared/leave.txt": 1, "shared/noise.txt": 0}
    assert await (await live_index(services)).count() == 3


async def test_a_document_that_cannot_be_read_is_told_and_stops_nothing(services: Services) -> None:
    dataset = Dataset(name="small", documents={**DOCUMENTS, "bad.txt": b"BROKEN"}, questions=(WARRANTY,))
    report = await report_of(dataset, services)
    assert report.failures == {"bad.txt": "the file is broken on purpose"}
    assert "- bad.txt could not be indexed: the file is broken on purpose" in markdown(report)
    assert report.outcomes[0].values["facts"] == 1.0


class _Away(ChatModel):
    """A model that nothing stands in for."""

    name = "away"

    async def stream(self, prompt: Prompt, *, timeout: float):
        raise BackendUnavailable("the model is away")
        yield

    async def close(self) -> None:
        pass


async def test_a_question_that_fails_is_no_refusal_and_is_told(tmp_path: Path) -> None:
    services = pipeline_services(tmp_path, chat_model=_Away(), fallback_chat_model=_Away())
    report = await report_of(DATASET, services)
    await services.close()
    first, _, nowhere = report.outcomes
    assert first.values["answered"] == first.values["facts"] == 0.0
    assert first.values["recall@5"] == 1.0
    assert nowhere.reply is not None
    (told,) = troubles(report)
    assert told.startswith("3 questions were not answered: ")
    assert told in markdown(report)


def test_pages_are_compared_only_where_the_labels_name_them() -> None:
    whole = LabelledQuestion(id="q", text="?", type="fact", truths={("a", None): 1.0})
    mixed = LabelledQuestion(id="q", text="?", type="fact", truths={("a", None): 1.0, ("b", 2): 1.0})
    ranking = [("c", 1), ("c", 2), ("a", 9), ("b", 1), ("b", 2)]
    assert scored(whole, ranking, None)["mrr"] == 1 / 2  # c is one document
    assert scored(mixed, ranking, None)["mrr"] == 1 / 3  # and has two pages
    assert scored(mixed, ranking, None)["recall@5"] == 1.0


def test_citations_of_a_refusal_are_not_wrong_but_missing() -> None:
    values = scored(WARRANTY, [], Reply(text="I don't know."))
    assert "citation precision" not in values
    assert (values["citation recall"], values["answered"]) == (0.0, 0.0)


async def test_a_table_has_every_type_and_rows_tell_what_failed(services: Services) -> None:
    report = await report_of(DATASET, services)
    table = markdown(report)
    assert "|  | all (3) | fact (1) | follow_up (1) | unanswerable (1) |" in table
    assert "| hit@5 | 1.000 (1.00–1.00) | 1.000 (1.00–1.00) |" in table
    assert "| stage | p50 ms | p95 ms |" in table
    row = json.loads(json.dumps(rows(report)[0]))
    assert row["id"] == "q1"
    assert row["ranking"][0] == row["expected"][0] == "warranty.txt#page=1"
    assert "seven years" in row["answer"]
    assert set(row["values"]) <= set(QUALITY)
    wrong = Dataset(
        name="small",
        documents=DOCUMENTS,
        questions=(LabelledQuestion(id="q9", text=WARRANTY.text, type="fact", must_contain=(("ten",),)),),
    )
    told = failures(await report_of(wrong, services))
    assert told.startswith(f"q9 (fact): {WARRANTY.text}")
    assert "facts: ten" in told


async def test_a_set_in_beirs_layout_is_found_by_document(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": f"d/{n}", "title": "", "text": f"Word{n} is told here."} for n in range(30)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "word7"}))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td/7\t1\n")
    report = await report_of(read_dataset(folder), services, with_answers=False)
    assert report.outcomes[0].values["ndcg@10"] == 1.0
