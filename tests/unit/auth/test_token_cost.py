"""What a hostile access token costs before it is refused. `pytest -s` shows the figures."""

import time
from collections.abc import Callable

import pytest

from shared.errors import NotAuthenticated
from tests.stand_ins.token_issuers import Issuer, segment

KIB = 1024
LIMIT = 0.01  # seconds of the processor


async def cost(issuer: Issuer, token: str) -> float:
    """Of one refusal, in seconds of the processor: the least of five."""
    assert await issuer.verify(issuer.token())  # the keys are fetched by now
    spent = []
    for _ in range(5):
        started = time.process_time()
        with pytest.raises(NotAuthenticated):
            await issuer.verify(token)
        spent.append(time.process_time() - started)
    return min(spent)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a byte more than 16 KiB", lambda issuer: issuer.token().ljust(16 * KIB + 1, "A")),
        ("1 MiB of one letter", lambda _: "A" * KIB * KIB),
        ("1 MiB signed by a good key", lambda issuer: issuer.token(claims={"filler": "x" * 768 * KIB})),
        ("1 MiB of text that is no ASCII", lambda _: "é" * KIB * KIB),
        ("16 MiB of such text", lambda _: "é" * 16 * KIB * KIB),
        ("1 MiB of halves of pairs", lambda _: "\ud800" * KIB * KIB),
        ("100,000 dots", lambda _: "." * 100_000),
        ("100,000 segments", lambda _: "A." * 100_000),
        ("16 KiB of dots", lambda _: "." * 16 * KIB),
        ("16 KiB of segments", lambda _: "A." * 8 * KIB),
        ("16 KiB in the first segment", lambda _: "A" * 16 * KIB),
        ("a deep header", lambda issuer: issuer.token(header=b"[" * 11_000)),
        ("deep claims", lambda issuer: issuer.token(claims=b'{"a":' * 2_300)),
        ("claims that are deep and whole", lambda issuer: issuer.token(claims=b"[" * 5500 + b"]" * 5500)),
        ("a header of many members", lambda issuer: issuer.token(header=members(900))),
        ("claims of many members", lambda issuer: issuer.token(claims=members(900))),
        ("a long number", lambda issuer: issuer.token(claims=b'{"exp":' + b"9" * 4300 + b"}")),
        ("a longer number", lambda issuer: issuer.token(claims=b'{"exp":' + b"9" * 11_000 + b"}")),
        ("a long fraction", lambda issuer: issuer.token(claims=b'{"exp":1.' + b"9" * 11_000 + b"}")),
        ("a long key id", lambda issuer: issuer.token(header=issuer.header | {"kid": "k" * 11_000})),
        ("a long signature", lambda issuer: f"{issuer.token()}{segment(b'x' * 11_000)}"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_it_costs_less_than_ten_milliseconds(
    issuer: Issuer, name: str, make: Callable[[Issuer], str]
) -> None:
    token = make(issuer)
    spent = await cost(issuer, token)
    print(f"{name}, {len(token):,} characters: {spent * 1000:.3f} ms of the processor")
    assert spent < LIMIT


async def test_up_to_16_kib_are_read_and_no_more(issuer: Issuer) -> None:
    def token(length: int) -> str:
        filler = "x" * (length * 3 // 4 - len(issuer.token()))
        made = issuer.token(claims=issuer.claims | {"filler": filler})
        while len(made) < length:
            filler += "x"
            made = issuer.token(claims=issuer.claims | {"filler": filler})
        return made

    longest = token(16 * KIB - 8)
    assert len(longest) <= 16 * KIB
    assert await issuer.verify(longest)
    too_long = token(16 * KIB + 1)
    assert len(too_long) < 16 * KIB + 8
    with pytest.raises(NotAuthenticated):
        await issuer.verify(too_long)


def members(count: int) -> bytes:
    return ("{" + ",".join(f'"a{n}":{n}' for n in range(count)) + "}").encode()
