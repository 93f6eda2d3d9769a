"""Tokens of a tenant of Entra ID: whom they name, and what the log says of them."""

import logging
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.domain import Principal
from shared.errors import ConfigError
from tests.stand_ins.entra_tenant import AUDIENCE, IDENTITY, TENANT, Tenant, tokens_of

AUTHORITY = "https://login.microsoftonline.com"
ADA = "ada00000-1111-4222-8333-444444444444"
PUMPS = "9a9a9a9a-0000-4000-8000-000000000001"
VALVES = "9a9a9a9a-0000-4000-8000-000000000002"
ENTRA = Tenant(AUTHORITY)


async def verified(**claims: Any) -> Principal:
    return await tokens_of(ENTRA).verify(ENTRA.token(oid=ADA, **claims))


async def test_a_token_names_its_user_groups_and_no_session_of_ours() -> None:
    assert await verified(groups=[PUMPS, VALVES]) == Principal(
        user_id=ADA, email="ada00000@example.org", groups=frozenset({PUMPS, VALVES})
    )


async def test_a_token_of_the_first_version_is_as_good() -> None:
    v1 = {"iss": f"https://sts.windows.net/{TENANT}/", "ver": "1.0", "preferred_username": ...}
    assert (await verified(**v1, upn="ada@example.org")).email == "ada@example.org"


@pytest.mark.parametrize(
    ("roles", "is_administrator"),
    [(["administrator"], True), (["reader", "administrator"], True), (["Administrator"], False), ([], False)],
)
async def test_the_app_role_makes_the_administrator(roles: list[str], is_administrator: bool) -> None:
    assert (await verified(roles=roles)).is_administrator is is_administrator


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"preferred_username": "a@b", "upn": "c@d", "email": "e@f"}, "a@b"),
        ({"preferred_username": ..., "upn": "c@d", "email": "e@f"}, "c@d"),
        ({"preferred_username": ..., "email": "e@f"}, "e@f"),
        ({"preferred_username": ...}, ADA),
    ],
    ids=["name", "upn", "email", "none"],
)
async def test_the_e_mail_address_is_the_first_that_is_told(claims: dict[str, Any], email: str) -> None:
    assert (await verified(**claims)).email == email


async def test_an_app_is_its_service_principal() -> None:
    app = await tokens_of(ENTRA).verify(ENTRA.app_token(AUDIENCE, roles=["reader"]))
    assert app == Principal(user_id=IDENTITY, email=IDENTITY)


async def test_groups_that_are_no_object_ids_are_left_out() -> None:
    odd = ["CONTOSO\\pumps", "everyone", f"{PUMPS} ", PUMPS.upper().replace("9A", "9B"), PUMPS]
    assert (await verified(groups=odd)).groups == {PUMPS}


@pytest.mark.parametrize(
    "overage",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph"}}},
        {"hasgroups": True},
        {"hasgroups": "true"},
    ],
    ids=["claim names", "hasgroups", "hasgroups as text"],
)
async def test_too_many_groups_are_none_and_the_log_says_so(
    overage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert (await verified(groups=[PUMPS], **overage)).groups == frozenset()
    (line,) = [record for record in caplog.records if record.getMessage() == "entra_groups_left_out"]
    assert line.event_fields == {"user_id": ADA, "reason": "too many for a token"}


async def test_clocks_may_differ_by_a_minute() -> None:
    assert await verified(exp=int(time.time()) - 30)
    assert await verified(nbf=int(time.time()) + 30, iat=int(time.time()) + 30)


def test_our_own_tokens_are_left_to_us() -> None:
    ours = jwt.encode(
        {"sub": "ada"}, ec.generate_private_key(ec.SECP256R1()), "ES256", {"typ": "at+jwt", "kid": "k"}
    )
    assert not tokens_of(ENTRA).recognises(ours)
    assert tokens_of(ENTRA).recognises(ENTRA.token(oid=ADA))


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", "common", "organizations", ""])
def test_a_tenant_without_its_id_stops_the_start(tenant: str) -> None:
    with pytest.raises(ConfigError, match="ENTRA_TENANT_ID"):
        tokens_of(ENTRA, tenant_id=tenant)


async def test_the_settings_may_spell_the_tenant_and_its_authority_in_other_ways() -> None:
    spelt = tokens_of(ENTRA, tenant_id=TENANT.upper(), authority=AUTHORITY + "/")
    assert (await spelt.verify(ENTRA.token(oid=ADA))).user_id == ADA
