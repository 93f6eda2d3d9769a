"""What an answer says is found however it is written, and not where it is not said."""

import pytest

from evals.answer_measures import facts_said, is_refusal, nothing_said_of, precision, token_f1
from shared.query.prompt import DONT_KNOW

SAID = [
    ("1,400", "The budget is 1 400 euros a year. [1]"),
    ("1,400", "Das Budget beträgt 1.400 Euro."),
    ("1,400", "It is **1\u202f400** EUR"),
    ("14750", "Price: 14,750.00"),
    ("132", "Price: 132.00 [1]"),
    ("0.15 mg", "a repeatability of 0,15\u00a0mg"),
    ("0.15mg", "0.150 mg"),
    ("2 percent", "a discount of 2 %"),
    ("6 %", "6 Prozent"),
    ("three days", "Three  days\na week"),
    ("22 and 23 September", "on 22 and 23 September 2026"),
    ("September", "on 22 and 23 September 2026"),
    ("LS-300", "the LS\u2011300, too"),
    ("Load cell", "| E14 | load cells |"),
    ("29", "29 days"),
    ("1,234,567.5", "1.234.567,50"),
    ("€ 190", "190 € up to €190"),
    ("4125", "extension 4125."),
]
NOT_SAID = [
    ("29", "129 days"),
    ("29", "29.5 days"),
    ("29", "2.29 days"),
    ("1.5", "15"),
    ("14", "the code E14"),
    ("E1", "the code E14"),
    ("1", "The first. [1]"),
    ("art", "the start"),
    ("0.4", "not 0,04 but 0.041"),
]


@pytest.mark.parametrize(("fact", "answer"), SAID)
def test_a_fact_is_found_however_it_is_written(fact: str, answer: str) -> None:
    assert facts_said(answer, [[fact]]) == 1.0


@pytest.mark.parametrize(("fact", "answer"), NOT_SAID)
def test_a_part_of_something_else_is_no_fact(fact: str, answer: str) -> None:
    assert facts_said(answer, [[fact]]) == 0.0


def test_facts_are_shared_out_and_have_alternatives() -> None:
    facts = [["two years", "24 months"], ["12 euros"]]
    assert facts_said("After 24 months it is free.", facts) == 0.5


def test_what_must_not_be_said_is_found_in_markers_too() -> None:
    assert nothing_said_of("Eighteen weeks [1].", ["[99]", "one euro"]) == 1.0
    assert nothing_said_of("Eighteen weeks [99].", ["[99]"]) == 0.0
    assert nothing_said_of("It costs ONE  euro.", ["one euro"]) == 0.0


def test_what_cites_nothing_is_a_refusal() -> None:
    assert is_refusal(DONT_KNOW, [])
    assert is_refusal("Bananas are yellow.", [])
    assert not is_refusal("29 days [1].", [("handbook.pdf", 2)])


def test_the_share_of_cited_places_that_are_right() -> None:
    assert precision(["a", "b", "b"], {"b", "c"}) == 0.5
    assert precision([], {"b"}) == 0.0


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("The budget is 1,400 euros. [1]", "a budget is 1400 euros", 1.0),  # articles, commas, markers
        ("Yes", "no", 0.0),
        ("two weeks off", "three weeks off work", 2 * 2 / (3 + 4)),
        ("very very good", "very good", 2 * 2 / (3 + 2)),  # as often as in both
        ("", "the", 1.0),  # nothing but an article is nothing
        ("", "word", 0.0),
    ],
)
def test_words_in_common(answer: str, truth: str, value: float) -> None:
    assert token_f1(answer, truth) == pytest.approx(value)
