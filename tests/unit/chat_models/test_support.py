"""What a passage carries, by the words of a sentence."""

import pytest

from shared.chat_models.support import Support
from tests.unit.chat_models.test_llama import passage

QUESTION = "How long is the notice period of the lease?"
PASSAGES = (
    passage(
        1,
        "The lease of the hall in Wismar ends with a notice period of six months. The rent is 1,200.50 EUR.",
    ),
    passage(2, "Full-time employees have 29 days of paid annual leave."),
    passage(3, "Die Kündigungsfrist beträgt drei Monate zum Quartalsende."),
)


@pytest.mark.parametrize(
    ("sentence", "marker"),
    [
        ("The notice period of the lease is six months.", 1),
        ("Six months.", 1),
        ("The answer is six months.", 1),
        ("The rent is 1,200.50 EUR.", 1),
        ("Employees have 29 days of annual leave.", 2),
        ("Die Kündigungsfrist beträgt drei Monate.", 3),
        ("The notice period of the lease is six years.", None),
        ("The notice period of the lease is 6 months.", None),
        ("The rent is 1,200 EUR.", None),
        ("Employees have 30 days of annual leave.", None),
        ("The lease was signed by the mayor.", None),
        ("Notice must be given in writing to the landlord at the address of the registered office.", None),
        ("How long is it?", None),
        ("Yes.", None),
        ("", None),
    ],
)
def test_a_sentence_stands_in_one_passage_or_in_none(sentence: str, marker: int | None) -> None:
    assert Support(QUESTION, PASSAGES).marker(sentence) == marker


def test_words_of_two_passages_together_carry_nothing() -> None:
    assert Support(QUESTION, PASSAGES).marker("Employees have six months of paid rent.") is None
