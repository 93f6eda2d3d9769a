"""The passwords that are guessed first. Asked by auth.passwords for each new one.

`common_passwords.txt.gz` has those of 8 characters and more that stand in @zxcvbn-ts/language-common 4.1.3
(MIT; Dan Wheeler, Dropbox and zxcvbn-ts) or in the list of Django 6.1.3 (BSD-3-Clause; Django Software
Foundation): 21,648, sorted, one a line, in NFKC and case-folded. It is renewed from their newer releases.
"""

import gzip
import re
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt.gz")
_PRODUCT = "ragfunctions"
_BETWEEN = re.compile(r"[\W_]+")  # letters and digits


def is_guessable(password: str, email: str) -> bool:
    """Whether it is common whatever its case, the account's address or a part of it, or the product's name.
    `password` is in NFKC. Takes ten milliseconds the first time."""
    folded = password.casefold()
    address = email.casefold()
    own = {address, *address.split("@"), address.replace("@", "")}
    return folded in own or _BETWEEN.sub("", folded) == _PRODUCT or folded in _common()


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(_LIST.read_bytes()).decode().splitlines())
