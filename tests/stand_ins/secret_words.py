"""Words that stand nowhere by chance, so that wherever one is seen, somebody has told it."""

import re

_WORD = re.compile(r"zq[a-z]{6}x")


def secret_word(kind: str, number: int) -> str:
    """Letters alone: a number that differs makes a passage another one. `kind` is a letter."""
    letters = ""
    for _ in range(5):
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return f"zq{kind}{letters}x"


def words_in(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
