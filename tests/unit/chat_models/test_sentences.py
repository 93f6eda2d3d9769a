import pytest

from shared.chat_models.sentences import LONGEST, sentences

CASES = {
    "prose": ("It is open. It is free! Is it? Yes.", ["It is open.", "It is free!", "Is it?", "Yes."]),
    "wrapped lines": ("Returns are\nfree for all\nof us.", ["Returns are free for all of us."]),
    "abbreviations": (
        "Dr. Lind paid 3.5 EUR, e.g. in May. Then she left.",
        ["Dr. Lind paid 3.5 EUR, e.g. in May.", "Then she left."],
    ),
    "German abbreviations": (
        "Das gilt z.B. für Nr. 5. Danach nicht.",
        ["Das gilt z.B. für Nr. 5.", "Danach nicht."],
    ),
    "Chinese": ("今天开门。免费！可以吗？", ["今天开门。", "免费！", "可以吗？"]),
    "Arabic": ("هل هذا صحيح؟ نعم.", ["هل هذا صحيح؟", "نعم."]),
    "Hindi": ("यह खुला है। यह मुफ़्त है।", ["यह खुला है।", "यह मुफ़्त है।"]),
    "quotation": ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    "headings are dropped": ("# Returns\n\nThey are free.\n\n## More\n", ["They are free."]),
    "table": (
        "| Plan | Price |\n|---|---:|\n| Basic | 5 EUR |\n| Full | |",
        ["Plan: Basic; Price: 5 EUR", "Plan: Full"],
    ),
    "table without its header": ("| Basic | 5 EUR |\n| Full | 9 EUR |", ["Basic; 5 EUR", "Full; 9 EUR"]),
    "escaped pipe": ("| a | b |\n|---|---|\n| x \\| y | 2 |", ["a: x | y; b: 2"]),
    "short list with its introduction": ("It covers:\n- cats,\n- dogs\n", ["It covers: cats; dogs."]),
    "list on its own": ("* One thing\n  goes on\n* Another", ["One thing goes on", "Another"]),
    "numbered": ("1. Press the button. Wait.\n2. Done", ["Press the button.", "Wait.", "Done"]),
    "markup": ("See **the [rules](http://x.y/a_(b))** and `code`.", ["See the rules and code."]),
    "emphasis over sentences": ("*One is here. Two is there.*", ["One is here.", "Two is there."]),
    "what looks like a marker": ("As shown [3]. See also [1, 2].", ["As shown (3).", "See also (1, 2)."]),
    "fenced code": ("Run this:\n```\nmake up\n```\nIt starts.", ["Run this:", "make up", "It starts."]),
    "a title above wrapped lines": (
        "Opening hours\nThe library is open from nine to five on every day of the week but\nnot on Sunday.",
        [
            "Opening hours",
            "The library is open from nine to five on every day of the week but not on Sunday.",
        ],
    ),
    "nothing": ("", []),
    "marks only": ("---\n***\n. . .\n", []),
}


def texts(markdown: str) -> list[str]:
    return [sentence.text for sentence in sentences(markdown)]


def test_a_sentence_knows_the_heading_above_it() -> None:
    found = sentences("Before. \n\n# Trips\n\nTrains.\n\n## **By** air ##\n\n- Planes\n")
    assert [(sentence.heading, sentence.text) for sentence in found] == [
        ("", "Before."),
        ("Trips", "Trains."),
        ("By air", "Planes"),
    ]


@pytest.mark.parametrize(("markdown", "expected"), CASES.values(), ids=CASES.keys())
def test_sentences_of(markdown: str, expected: list[str]) -> None:
    assert texts(markdown) == expected


def test_a_long_list_keeps_its_introduction_with_every_item() -> None:
    items = [f"thing number {number} with quite a few more words" for number in range(20)]
    found = texts("The plan covers:\n" + "\n".join(f"- {item}" for item in items))
    assert found == [f"The plan covers: {item}" for item in items]


@pytest.mark.parametrize("text", ["word " * 1_000, "x" * 5_000, "。" + "字" * 5_000])
def test_no_sentence_is_longer_than_an_answer_can_bear(text: str) -> None:
    found = texts(text)
    assert found
    assert all(len(sentence) <= LONGEST + 2 for sentence in found)


@pytest.mark.parametrize(
    "hostile", ["[" * 50_000, "*" * 50_000, "|" * 50_000, "- " * 20_000, "(" * 50_000, "[a](" * 9_000]
)
def test_hostile_text_takes_no_longer_than_honest_text(hostile: str) -> None:
    import time

    started = time.process_time()
    sentences(hostile)
    assert time.process_time() - started < 1
