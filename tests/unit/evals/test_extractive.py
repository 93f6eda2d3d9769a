"""What the ablation of the extractive model says is what the model answered."""

import pytest

from evals.extractive import Values, chosen, measured, worth
from evals.extractive_cases import Case
from evals.question_rows import LabelledQuestion
from shared.domain import Prompt
from shared.query.prompt import DONT_KNOW

TRUTHS = {("a", 1): 1.0, ("b", 2): 1.0}


def case(text: str = "How long?", *, group: str = "answerable") -> Case:
    return Case(
        library="small",
        group=group,
        question=LabelledQuestion(
            id="q", text=text, type="fact", truths=TRUTHS, must_contain=(("36 months",), ("steel",))
        ),
        prompt=Prompt(question=text, passages=(), messages=(), max_tokens=100),
        sources={1: ("a", 1), 2: ("c", 1)},
    )


def test_an_answer_is_measured_by_its_facts_and_by_the_pages_that_it_cites() -> None:
    found = measured(case(), "The warranty is 36 months. [1]\n\nSomething else. [2]")
    assert found == {"answered": 1.0, "facts": 0.5, "precision": 0.5, "recall": 0.5}
    assert measured(case(), DONT_KNOW) == {"answered": 0.0, "facts": 0.0, "precision": 0.0, "recall": 0.0}


@pytest.mark.parametrize(("text", "is_answered"), [("It is so. [1]", 1.0), (DONT_KNOW, 0.0)])
def test_of_what_cannot_be_answered_it_counts_whether_it_was(text: str, is_answered: float) -> None:
    assert measured(case(group="left out"), text) == {"left out": is_answered}


def test_what_is_reported_was_chosen_on_other_questions() -> None:
    """Variant `lucky` is best on the questions of one fold alone, and by that is never taken for them."""
    cases = [case(f"Question {number}?") for number in range(40)]
    good: list[Values] = [{"facts": 0.6, "near": 0.0} for _ in cases]
    for lucky_one in range(40):
        lucky: list[Values] = [{"facts": 0.0, "near": 0.0} for _ in cases]
        lucky[lucky_one] = {"facts": 1.0, "near": 0.0}
        assert chosen({"good": good, "lucky": lucky}, cases) == good


def test_facts_are_weighed_against_wrong_answers() -> None:
    assert worth([{"facts": 1.0}, {"facts": 0.5}, {"near": 1.0}, {"left out": 0.0}]) == 0.25
