"""What no access token may say, whoever signed it: each is right but for one thing, and refused alike."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.stand_ins.entra_tenant import SigningKey
from tests.stand_ins.token_issuers import Issuer, refuse

HALF_A_PAIR = "\ud800"


async def test_the_token_that_all_others_are_made_of_is_accepted(issuer: Issuer) -> None:
    assert (await issuer.verify(issuer.token())).user_id == issuer.user_id
    assert issuer.lookups() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"alg": None},
        {"alg": ""},
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "NONE"},
        {"alg": "nOnE"},
        {"alg": "HS256"},
        {"alg": "PS256"},
        {"alg": "RS512"},
        {"alg": "ES256K"},
        {"alg": "EdDSA"},
        {"alg": "rs256"},
        {"alg": "es256"},
        {"alg": "ES256 "},
        {"alg": ["ES256", "RS256"]},
        {"typ": None},
        {"typ": "jwt"},
        {"typ": "AT+JWT"},
        {"typ": "id_token"},
        {"typ": "application/at+jwt"},
        {"typ": ["at+jwt", "JWT"]},
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": ["k"]},
        {"kid": {"k": "v"}},
        {"kid": True},
        {"kid": "k" * 257},
        {"kid": HALF_A_PAIR},
        {"jwk": SigningKey().jwk()},
        {"jwk": None},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/keys"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
    ],
    ids="+".join,
)
async def test_a_wrong_header_is_refused_before_any_key_is_looked_for(
    issuer: Issuer, change: dict[str, Any]
) -> None:
    await refuse(issuer, issuer.token(header=issuer.header | change))
    assert issuer.lookups() == 0


@pytest.mark.parametrize("member", ["alg", "typ", "kid"])
async def test_a_header_that_lacks_a_member_is_refused(issuer: Issuer, member: str) -> None:
    await refuse(issuer, issuer.token(header={k: v for k, v in issuer.header.items() if k != member}))
    assert issuer.lookups() == 0


@pytest.mark.parametrize("kid", ["../../keys", "unknown", "k" * 256, "' OR 1=1 --", "\x00", "é"])
async def test_an_unknown_key_is_refused(issuer: Issuer, kid: str) -> None:
    await refuse(issuer, issuer.token(header=issuer.header | {"kid": kid}))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "nbf", "iat"])
async def test_a_missing_claim_is_refused(issuer: Issuer, claim: str) -> None:
    await refuse(issuer, issuer.token(claims={k: v for k, v in issuer.claims.items() if k != claim}))


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("written", ['"%d"', "%d.0", "%d.5", "%de0", "null", "true", "[%d]", "-%d", "NaN"])
async def test_a_time_that_is_no_whole_number_is_refused(issuer: Issuer, claim: str, written: str) -> None:
    right = json.dumps(issuer.claims)
    number = issuer.claims[claim]
    changed = right.replace(f'"{claim}": {number}', f'"{claim}": {written.replace("%d", str(number))}')
    assert changed != right
    await refuse(issuer, issuer.token(claims=changed.encode()))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 0},
        {"exp": 253_402_300_800},
        {"exp": 10**300},
        {"exp": float("inf")},
        {"nbf": 10**300},
        {"iat": False},
        {"iss": "somebody else"},
        {"iss": ""},
        {"iss": 7},
        {"aud": "somebody else"},
        {"aud": ""},
        {"aud": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": None},
        {"sub": ["ada"]},
        {"sub": {"id": "ada"}},
        {"sub": HALF_A_PAIR},
        {"unknown": [{HALF_A_PAIR: 1}]},
        {"unknown": float("nan")},
        {"unknown": float("-inf")},
    ],
    ids="+".join,
)
async def test_a_wrong_claim_is_refused(issuer: Issuer, change: dict[str, Any]) -> None:
    await refuse(issuer, issuer.token(claims=issuer.claims | change))


async def test_an_audience_in_a_list_is_refused(issuer: Issuer) -> None:
    for audience in ([issuer.claims["aud"]], [issuer.claims["aud"], "somebody else"]):
        await refuse(issuer, issuer.token(claims=issuer.claims | {"aud": audience}))


async def test_clocks_may_differ_by_a_minute_and_no_more(issuer: Issuer) -> None:
    now = int(time.time())
    for change in ({"exp": now - 30}, {"nbf": now + 59}, {"iat": now + 59}):
        assert await issuer.verify(issuer.token(claims=issuer.claims | change))
    for change in ({"exp": now - 60}, {"nbf": now + 90}, {"iat": now + 90}):
        await refuse(issuer, issuer.token(claims=issuer.claims | change))


async def test_a_member_that_is_named_twice_is_refused(issuer: Issuer) -> None:
    header, claims = json.dumps(issuer.header), json.dumps(issuer.claims)
    for name, value in issuer.header.items():
        await refuse(issuer, issuer.token(header=f'{header[:-1]},"{name}":"{value}"}}'.encode()))
    for extra in ('"sub":"eve"', '"exp":9999999999', '"nested":{"a":1,"a":2}', '"\\u0073ub":"eve"'):
        await refuse(issuer, issuer.token(claims=f"{claims[:-1]},{extra}}}".encode()))


@pytest.mark.parametrize(
    "content",
    [b"[]", b"[{}]", b"null", b'"x"', b"7", b"{", b"{}x", b"{'a':1}", b"\xff", b"[" * 9000, b"1" * 5000],
    ids=lambda content: repr(content[:8]),
)
async def test_parts_that_are_no_json_object_are_refused(issuer: Issuer, content: bytes) -> None:
    await refuse(issuer, issuer.token(header=content))
    await refuse(issuer, issuer.token(claims=content))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
async def test_json_in_another_encoding_is_refused(issuer: Issuer, encoding: str) -> None:
    await refuse(issuer, issuer.token(header=json.dumps(issuer.header).encode(encoding)))
    await refuse(issuer, issuer.token(claims=json.dumps(issuer.claims).encode(encoding)))


@pytest.mark.parametrize(
    "spell",
    [
        lambda h, c, s: f"{h}=.{c}.{s}",
        lambda h, c, s: f"{h}.{c}==.{s}",
        lambda h, c, s: f"{h}.{c}.{s}==",
        lambda h, c, s: f" {h}.{c}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}\n",
        lambda h, c, s: f"{h}.{c[:8]}\r\n{c[8:]}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}\x00",
        lambda h, c, s: f"{h}.{c}.{s}!",
        lambda h, c, s: f"{h}.{c}.{s}.",
        lambda h, c, s: f".{h}.{c}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}.{s}.{s}",
        lambda h, c, s: f"{h}..{c}.{s}",
        lambda h, c, s: f"{h}.{c}",
        lambda h, c, s: f"{h}.{c}.",
        lambda h, c, s: f"{h}..{s}",
        lambda h, c, s: f".{c}.{s}",
        lambda h, c, s: json.dumps({"protected": h, "payload": c, "signature": s}),
        lambda h, c, s: json.dumps({"payload": c, "signatures": [{"protected": h, "signature": s}]}),
        lambda h, c, s: f"Bearer {h}.{c}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}".replace("e", "\u0435", 1),  # of Cyrillic
        lambda h, c, s: f"{h}.{c}.{s}{HALF_A_PAIR}",
        lambda *_: "",
        lambda *_: "..",
        lambda *_: "é.ü.ñ",
        lambda *_: HALF_A_PAIR,
    ],
)
async def test_what_is_no_compact_token_is_refused_before_any_key_is_looked_for(
    issuer: Issuer, spell: Callable[[str, str, str], str]
) -> None:
    await refuse(issuer, spell(*issuer.token().split(".")))
    assert issuer.lookups() == 0


async def test_segments_in_another_order_or_of_another_length_are_refused(issuer: Issuer) -> None:
    h, c, s = issuer.token().split(".")
    for token in (f"{c}.{h}.{s}", f"{h}.{s}.{c}", f"{h}.{h}.{s}", f"{h}.{c}.{s}A", f"{h}.{c}.{s}AAAA"):
        await refuse(issuer, token)
