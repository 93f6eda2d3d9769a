import pytest

from shared.search_indexes.embedded_text import without_function_words


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("How is the balance cleaned?", "balance cleaned?"),
        ("Wie wird die Waage gereinigt?", "Waage gereinigt?"),
        ("What did he die of, and was it in the war?", "he die, war?"),  # German words stay in English
        ("Who leads IT in the US?", "leads IT US?"),
        ("HOW IS THE BALANCE CLEANED?", "balance cleaned?"),
        ("What is it?", "What is it?"),  # nothing would be left
        ("天秤怎么清洁？", "天秤怎么清洁？"),
        ("", ""),
    ],
)
def test_only_words_without_a_meaning_of_their_own_are_left_out(question: str, rest: str) -> None:
    assert " ".join(without_function_words(question).split()).replace(" ,", ",") == rest
