"""What says the same as something better is left out, and nothing else is."""

import pytest

from shared.query.duplicates import Distinct

TERMS = (
    "The pump has a warranty of seven years from the day of delivery. Within this time the manufacturer "
    "repairs or replaces every part that fails in ordinary use, and carries the cost of transport. "
    "Filters and seals wear out and are not covered. Claims go in writing to the service centre nearby."
)


@pytest.mark.parametrize(
    "other",
    [
        TERMS,
        TERMS.upper(),
        TERMS.replace(". ", ".\n\n- ").replace("warranty", "**warranty**"),
        f"{TERMS} See also the price list.",
        TERMS.replace("service centre", "workshop"),
        TERMS.removeprefix("The pump has a "),
    ],
    ids=["itself", "case", "markup", "a sentence more", "a word", "another cut"],
)
def test_what_says_the_same_is_left_out(other: str) -> None:
    kept = Distinct()
    assert kept.adds(TERMS)
    assert not kept.adds(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"In 2025: {TERMS}", f"In 2026: {TERMS}"),
        (f"It costs 12.50 euros. {TERMS}", f"It costs 12.80 euros. {TERMS}"),
        (TERMS, TERMS.replace("are not covered", "are covered")),
        (TERMS, TERMS.replace("repairs or", "never repairs or")),
        ("Das Gerät ist wasserdicht und darf ins Bad.", "Das Gerät ist nicht wasserdicht und darf ins Bad."),
        ("这台泵的保修期为七年", "这台泵没有保修期"),
        (TERMS, TERMS[: len(TERMS) // 2]),
        (TERMS[: len(TERMS) // 2], TERMS),
        ("The warranty is long.", "The battery is flat."),
        ("yes", "no"),
    ],
    ids=["year", "price", "not", "never", "nicht", "没有", "half", "whole", "short", "words"],
)
def test_what_says_something_else_is_kept(one: str, other: str) -> None:
    kept = Distinct()
    assert kept.adds(one)
    assert kept.adds(other)


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    text = "这台泵自交货之日起保修，在此期间制造商负责修理或更换在正常使用中损坏的所有零件，并承担运输费用。"
    kept = Distinct()
    assert kept.adds(text)
    assert not kept.adds(text.replace("，", " ").replace("。", "！"))
    assert kept.adds(text[:20])


def test_every_passage_without_words_is_the_same() -> None:
    kept = Distinct()
    assert [kept.adds(text) for text in ("***", "", "- - -")] == [True, False, False]
