"""Tokens of a tenant of Entra ID: what is off by a claim that only they have is refused, and alike."""

from typing import Any
from uuid import uuid4

import pytest

from tests.stand_ins.entra_tenant import AUDIENCE, IDENTITY, TENANT, tokens_of
from tests.stand_ins.token_issuers import ADA_OF_ENTRA as ADA
from tests.stand_ins.token_issuers import ENTRA, Issuer, entra_issuer, refuse, segment

AUTHORITY = ENTRA.authority
PUMPS = "9a9a9a9a-0000-4000-8000-000000000001"
OTHER_TENANT = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
async def issuer() -> Issuer:
    return await entra_issuer()


@pytest.mark.parametrize("claim", ["tid", "oid", "scp"])
async def test_a_missing_claim_is_refused(issuer: Issuer, claim: str) -> None:
    await refuse(issuer, issuer.token(claims={k: v for k, v in issuer.claims.items() if k != claim}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": f"{AUTHORITY}/{OTHER_TENANT}/v2.0"},
        {"iss": f"{AUTHORITY}/{OTHER_TENANT}/v2.0", "tid": OTHER_TENANT},
        {"tid": OTHER_TENANT},
        {"tid": TENANT.upper()},
        {"iss": f"{AUTHORITY}/{TENANT}/v2.0/"},
        {"iss": f"{AUTHORITY}/{TENANT}"},
        {"iss": f"https://evil.example/{TENANT}/v2.0"},
        {"iss": f"https://sts.windows.net/{TENANT}"},
        {"aud": AUDIENCE.removeprefix("api://")},
        {"aud": AUDIENCE + "/"},
        {"oid": "ada"},
        {"oid": uuid4().hex},
        {"oid": ADA.upper()},
        {"oid": f"{ADA}/../{IDENTITY}"},
        {"oid": f"{ADA}\n"},
        {"oid": 7},
        {"scp": ""},
        {"scp": " "},
        {"scp": ["access_as_user"]},
        {"scp": "", "roles": ["administrator"]},  # an ID token, or an app's without `idtyp`
        {"scp": "", "idtyp": "app"},  # an app that nobody gave a role
        {"roles": "administrator"},
        {"roles": [1]},
        {"groups": PUMPS},
        {"groups": [1]},
        {"groups": {PUMPS: True}},
        {"_claim_names": ["groups"]},
        {"preferred_username": ["ada@example.org"]},
    ],
    ids="+".join,
)
async def test_a_wrong_claim_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    await refuse(issuer, issuer.token(claims=issuer.claims | claims))


async def test_an_access_token_may_be_called_one(issuer: Issuer) -> None:
    assert await issuer.verify(issuer.token(header=issuer.header | {"typ": "at+jwt"}))


@pytest.mark.parametrize(
    "token", ["", "..", "a.b.c", f"{segment([])}.e30.e30", f"{segment({'alg': 'RS256'})}.e30.e30"]
)
def test_what_is_no_token_is_not_recognised(token: str) -> None:
    assert not tokens_of(ENTRA).recognises(token)
