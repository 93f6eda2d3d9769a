"""A fall that is more than chance is told, and nothing else is."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from evals import baseline
from evals.datasets import QUESTIONS as OUR_QUESTIONS
from evals.datasets import ROOT, Dataset, read_dataset
from evals.evaluation import Options, Report
from evals.question_rows import DatasetError, LabelledQuestion
from evals.scores import Outcome

QUESTIONS = tuple(LabelledQuestion(id=f"q{n:03}", text=f"{n}?", type="fact") for n in range(120))


def report(values: list[float], measure: str = "facts") -> Report:
    return Report(
        dataset=Dataset(name="made up", documents={"a.txt": b"a"}, questions=QUESTIONS),
        passages=1,
        embedder="hashing",
        model="extractive",
        options=Options(),
        outcomes=tuple(
            Outcome(question=question, ranking=(), reply=None, values={measure: value})
            for question, value in zip(QUESTIONS, values, strict=False)
        ),
        failures={},
    )


def compared(before: list[float], after: list[float], folder: Path) -> tuple[list[baseline.Difference], str]:
    file = folder / "made" / "baseline.json"
    baseline.store(report(before), file)
    stored = baseline.load(file)
    found = baseline.differences(report(after), stored)
    return found, baseline.told(found, stored, report(after))


def test_a_fall_of_one_in_ten_is_told_with_the_questions_that_fell(tmp_path: Path) -> None:
    (found,), said = compared([1.0] * 120, [0.0] * 12 + [1.0] * 108, tmp_path)
    assert found.is_fall
    assert [question for question, _, _ in found.fell] == [f"q{n:03}" for n in range(12)]
    assert "facts FELL: 1.000 → 0.900" in said
    assert "q011: 1 → 0" in said


def test_questions_that_change_both_ways_are_chance(tmp_path: Path) -> None:
    before = [1.0, 0.0] * 60
    after = [1 - value for value in before[:20]] + before[20:]
    after[1] = 0.0  # one fewer rises than falls
    (found,), said = compared(before, after, tmp_path)
    assert found.after < found.before
    assert not found.is_fall
    assert "fell, perhaps by chance" in said


def test_of_a_hundred_changes_that_do_nothing_hardly_one_is_told() -> None:
    numbers = random.Random(1)
    falls = 0
    for _ in range(100):
        pairs = [(f"q{n}", 0.5, 0.5 + numbers.choice([-0.5, 0, 0, 0, 0.5])) for n in range(120)]
        falls += baseline._difference("facts", pairs).is_fall
    assert falls <= 3


def test_the_same_again_is_no_change(tmp_path: Path) -> None:
    values = [number / 7 for number in range(120)]  # which are rounded when they are stored
    (found,), said = compared(values, values, tmp_path)
    assert not found.fell
    assert not found.is_fall
    assert said.endswith("- nothing changed")


def test_other_questions_and_other_embedders_are_not_compared(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.store(report([1.0] * 120), file)
    stored = baseline.load(file)
    now = report([0.0] * 120)
    assert baseline.incomparable(now, stored) == ""
    assert baseline.incomparable(replace(now, embedder="other"), stored) == "the embedder hashing"
    fewer = replace(now, dataset=now.dataset.limited(60))
    assert baseline.incomparable(fewer, stored) == "other questions or documents"


def test_another_model_is_compared_and_told(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.store(report([0.0] * 120), file)
    now = replace(report([1.0] * 120), model="gpt")
    stored = baseline.load(file)
    said = baseline.told(baseline.differences(now, stored), stored, now)
    assert "another model: extractive then, gpt now" in said
    assert "facts rose: 0.000 → 1.000" in said


@pytest.mark.parametrize("content", [None, "", "{}", "[]"])
def test_a_file_that_is_no_baseline_is_said(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "baseline.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DatasetError, match=r"make it .*with --store-baseline"):
        baseline.load(file)


def test_our_own_baseline_is_of_the_questions_and_samples_as_they_are() -> None:
    stored = baseline.load(ROOT / "evals" / "baselines" / "samples.json")
    ours = read_dataset(OUR_QUESTIONS)
    assert stored.digest == ours.digest(), "store it anew: rag eval … --store-baseline"
    assert stored.values.keys() == {each.id for each in ours.questions}
