"""What the audit trail tells of accounts and sessions, and what it does not."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.auth import sessions
from shared.services import Services
from shared.telemetry.audit import pseudonym
from tests.functions.conftest import Person
from tests.planted import planted

Trail = Callable[[], list[dict[str, Any]]]
PASSWORD, LONGER = planted("password"), planted("longer password")
ADA = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def trail(caplog: pytest.LogCaptureFixture) -> Trail:
    """What happened so far: act, actor, reason."""

    def trail() -> list[dict[str, Any]]:
        lines = [vars(record)["event_fields"] for record in caplog.records if record.message == "audit"]
        return [{name: line[name] for name in ("act", "actor", "reason") if line[name]} for line in lines]

    return trail


async def sign_in(http: httpx.AsyncClient, password: str = PASSWORD) -> dict[str, Any]:
    form = {"grant_type": "password", "username": ADA["email"], "password": password}
    answer: dict[str, Any] = (await http.post("/api/auth/token", data=form)).json()
    return answer


async def test_an_account_is_followed_from_its_beginning(
    http: httpx.AsyncClient, trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    user = (await http.post("/api/auth/register", json=ADA)).json()["user_id"]
    await sign_in(http, "wrong horse")
    tokens = await sign_in(http)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    change = {"current_password": PASSWORD, "new_password": LONGER}
    await http.put("/api/auth/password", json=change, headers=headers)
    await http.delete("/api/auth/sessions?others=true", headers=headers)
    await http.post("/api/auth/revoke", data={"token": tokens["refresh_token"]})
    stranger = pseudonym(ADA["email"])
    assert trail() == [
        {"act": "registered", "actor": user},
        {"act": "refused", "actor": stranger, "reason": "not-authenticated"},
        {"act": "signed_in", "actor": user},
        {"act": "password_changed", "actor": user},
        {"act": "session_ended", "actor": user, "reason": "all others"},
        {"act": "signed_out", "actor": user},
    ]
    for secret in (ADA["email"], PASSWORD, "wrong horse", tokens["refresh_token"], tokens["access_token"]):
        assert secret not in caplog.text
        assert not any(secret in str(vars(record)) for record in caplog.records if record.message == "audit")


async def test_a_stolen_token_is_told_of_when_it_is_used_again(
    http: httpx.AsyncClient, ada: Person, services: Services, trail: Trail
) -> None:
    hashed = hashlib.sha256(ada.refresh_token.encode()).hexdigest()
    await services.metadata.claim_refresh_token(hashed, now=time.time() - sessions.GRACE - 1)
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh_token}
    assert (await http.post("/api/auth/token", data=form)).status_code == 401
    assert trail()[0] == {"act": "session_ended", "actor": ada.user_id, "reason": "replayed"}
