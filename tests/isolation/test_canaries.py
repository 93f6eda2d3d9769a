"""A canary is recognised in every spelling that a leak could have; nothing else is taken for one."""

import base64
import codecs
import json
import random
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.isolation.canaries import canaries_in, canary

_WORD = canary("c", 12_345)
_WIDE = {ord(letter): chr(ord(letter) + 0xFEE0) for letter in _WORD}


@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param(lambda text: text, id="as it is"),
        pytest.param(str.upper, id="capitals"),
        pytest.param(lambda text: text[::-1], id="backwards"),
        pytest.param(lambda text: codecs.encode(text, "rot13"), id="rot13"),
        pytest.param(lambda text: text.translate(_WIDE), id="wide letters"),
        pytest.param(lambda text: unicodedata.normalize("NFKD", text.translate(_WIDE)), id="NFKD"),
        pytest.param(lambda text: text.encode().hex(), id="hex"),
        pytest.param(lambda text: text.encode().hex(":").upper(), id="hex with colons"),
        pytest.param(lambda text: "".join(f"%{ord(letter):02x}" for letter in text), id="URL"),
        pytest.param(lambda text: quote(quote(f"/ä/{text}")), id="URL twice"),
        pytest.param(lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text), id="JSON"),
        pytest.param(lambda text: json.dumps(json.dumps(f"\n{text}")), id="JSON twice"),
        pytest.param(lambda text: "".join(f"&#{ord(letter)};" for letter in text), id="HTML"),
        pytest.param(lambda text: base64.b64encode(text.encode()).decode(), id="base64"),
        pytest.param(
            lambda text: base64.b64encode(f"1{text}".encode()).decode(), id="base64, second alignment"
        ),
        pytest.param(
            lambda text: base64.b64encode(f"12{text}".encode()).decode(), id="base64, third alignment"
        ),
        pytest.param(
            lambda text: "key" + base64.urlsafe_b64encode(f"Ä1{text}".encode()).decode().rstrip("="),
            id="base64 for URLs, behind letters",
        ),
    ],
)
def test_it_is_seen_in_every_spelling(spelled: Callable[[str], str]) -> None:
    assert canaries_in(f'{{"detail": "x {spelled(_WORD)}."}}') == {_WORD}


def test_what_is_no_canary_is_not_taken_for_one() -> None:
    letters = random.Random(1)
    noise = base64.b64encode(letters.randbytes(100_000)).decode() + letters.randbytes(100_000).hex()
    issued = {canary(place, number) for place in "cghknt" for number in range(1_000)}
    assert canaries_in(noise).isdisjoint(issued)


def test_no_two_places_share_one() -> None:
    assert len({canary(place, number) for place in "abc" for number in range(2_000)}) == 6_000
