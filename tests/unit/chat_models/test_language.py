import pytest

from shared.chat_models.numbers import asks_for_a_number, has_a_number, what_is_asked
from shared.chat_models.overlap import Overlap, terms
from shared.language import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the price of the ticket?", "en"),
        ("Was kostet die Fahrkarte und wo ist der Zug?", "de"),
        ("Combien coûte le billet et où est la gare ?", "fr"),
        ("¿Cuánto cuesta el billete y dónde está la estación?", "es"),
        ("票价是多少？", "zh"),
        ("Contoso 电子公司是什么时候成立的？", "zh"),
        ("切符はいくらですか", "ja"),
        ("كم سعر التذكرة؟", "ar"),
        ("Сколько стоит билет?", "ru"),
        ("PerksPlus", None),
        ("", None),
    ],
)
def test_the_language_of_a_question_is_guessed_from_its_small_words(text: str, expected: str | None) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    "question", ["How much is it?", "When was it built?", "Wann?", "Combien ?", "多少钱？"]
)
def test_questions_that_want_a_number_are_known(question: str) -> None:
    assert asks_for_a_number(question)


@pytest.mark.parametrize(
    "question", ["Who built it?", "How does it work?", "Warum?", "What happens when it rains?"]
)
def test_other_questions_want_none(question: str) -> None:
    assert not asks_for_a_number(question)


def test_numbers_come_in_digits_and_in_words() -> None:
    assert has_a_number("It costs 5 EUR")
    assert has_a_number("paid annually")
    assert not has_a_number("It costs nothing much")


def test_forms_of_a_word_share_their_stem() -> None:
    assert terms("employees provided services") == terms("employee providing service")


def test_unspaced_scripts_are_compared_in_pairs() -> None:
    assert terms("康复治疗") == ["康复", "复治", "治疗"]


def test_a_rare_word_counts_for_more_than_a_common_one() -> None:
    texts = ["plan price", "plan rules", "plan dates"]
    overlap = Overlap("plan rules", texts)
    assert overlap.share("rules") > overlap.share("plan") > 0
    assert overlap.share("plan rules") == pytest.approx(1)


def test_a_question_without_content_words_shares_nothing() -> None:
    assert Overlap("what is it?", ["it is"]).share("it is") == 0


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("How long is the warranty of the pump?", "the warranty of the pump?"),
        ("Wie lange gilt die Garantie?", "gilt die Garantie?"),
        ("Who keeps the keys?", "Who keeps the keys?"),
    ],
)
def test_what_asks_for_a_number_is_no_word_that_an_answer_repeats(question: str, rest: str) -> None:
    assert what_is_asked(question).strip() == rest
