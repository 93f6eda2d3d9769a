"""Personal access tokens over HTTP: made, shown once, used, revoked."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from functions.api import build_api
from functions.dependencies import Runtime
from shared.auth import personal_tokens
from shared.domain import PersonalToken
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.functions.conftest import Person, open_without_models
from tests.stand_ins.entra_tenant import Tenant, tokens_of
from tests.stand_ins.machines import TOKENS, calling, made, wish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
DAY = 24 * 3600.0


async def test_a_token_is_shown_once_and_stored_as_a_hash(
    ada: Person, bob: Person, services: Services
) -> None:
    before = time.time()
    shown = await made(ada.http, " nightly build ", "ingest", "query", "query")
    token = shown.pop("token")
    assert shown["name"] == "nightly build"
    assert shown["scopes"] == ["ingest", "query"]
    lasts = datetime.fromisoformat(shown["expires_at"]).timestamp() - before
    assert lasts == pytest.approx(30 * DAY, abs=60)
    listed = await ada.http.get(TOKENS)
    assert listed.json() == {"tokens": [shown]}
    assert (await bob.http.get(TOKENS)).json() == {"tokens": []}
    (stored,) = await services.metadata.personal_tokens(ada.user_id)
    assert token not in repr(stored)
    assert token[4:40] not in listed.text


async def test_two_tokens_have_nothing_in_common_but_their_form(ada: Person) -> None:
    first, second = [(await made(ada.http, name))["token"] for name in ("a", "b")]
    assert first[:4] == second[:4] == "rag_"
    assert len(first) == len(second) == 55
    assert sum(one == other for one, other in zip(first[4:], second[4:], strict=True)) < 20


async def test_a_machine_acts_as_the_user_who_made_its_token(api: FastAPI, ada: Person, bob: Person) -> None:
    token = (await made(ada.http, "ci", "ingest"))["token"]
    async with calling(api, token) as machine:
        uploaded = await machine.put("/api/documents/pumps.md", content=b"# Pumps\n")
        assert uploaded.status_code == 202
    assert await ada.names() == ["pumps.md"]
    assert await bob.names() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wish(""), 422),
        (wish(" "), 422),
        (wish("n" * 101), 422),
        (wish("two\nlines"), 422),
        (wish("turned \u202e round"), 422),
        (wish("ci", "everything"), 422),
        ({**wish(), "scopes": []}, 422),
        ({**wish(), "scopes": "query"}, 422),
        (wish(days=0), 422),
        (wish(days=367), 422),
        ({**wish(), "expires_in_days": "30"}, 422),
        ({**wish(), "expires_in_days": 1.5}, 422),
        ({**wish(), "expires_in_days": True}, 422),
        ({"name": "ci", "scopes": ["query"]}, 422),
        ({**wish(), "user_id": "id-of-root"}, 422),
        ({**wish(), "token": "rag_mine"}, 422),
        (wish("ci", "admin"), 403),
    ],
    ids=str,
)
async def test_a_token_that_cannot_be_is_refused(ada: Person, body: Any, status: int) -> None:
    response = await ada.http.post(TOKENS, json=body)
    assert response.status_code == status, response.text
    assert (await ada.http.get(TOKENS)).json() == {"tokens": []}


async def test_the_setting_shortens_the_longest_life(runtime: Runtime, ada: Person, refused: Refused) -> None:
    settings = read_settings(data=runtime.settings.data, personal_token_days=7)
    strict = Runtime(settings, open_without_models)
    token = ada.http.headers["Authorization"].removeprefix("Bearer ")
    async with calling(build_api(strict), token) as http:
        refused(await http.post(TOKENS, json=wish(days=8)), 400, "invalid-request")
        assert (await http.post(TOKENS, json=wish(days=7))).status_code == 201
    await strict.close()


async def test_a_name_is_taken_once_per_account(ada: Person, bob: Person, refused: Refused) -> None:
    await made(ada.http, "ci")
    refused(await ada.http.post(TOKENS, json=wish("ci")), 409, "conflict")
    await made(bob.http, "ci")


async def test_an_account_has_fifty_at_the_most(ada: Person, services: Services, refused: Refused) -> None:
    for number in range(personal_tokens.MOST):
        assert await services.metadata.add_personal_token(stored(ada, str(number)))
    refused(await ada.http.post(TOKENS, json=wish("one more")), 409, "conflict")


def stored(owner: Person, name: str) -> PersonalToken:
    return PersonalToken(
        id=f"id of {name}",
        token_hash=f"hash of {name}",
        user_id=owner.user_id,
        name=name,
        scopes=frozenset({"query"}),
        created_at=0.0,
        expires_at=1.0,
    )


async def test_an_expired_token_is_refused_and_still_listed(
    api: FastAPI, ada: Person, services: Services, refused: Refused
) -> None:
    shown = await made(ada.http, "ci", "ingest")
    (known,) = await services.metadata.personal_tokens(ada.user_id)
    await services.metadata.remove_personal_tokens(ada.user_id)
    await services.metadata.add_personal_token(replace(known, expires_at=time.time() - 1))
    async with calling(api, shown["token"]) as machine:
        refused(await machine.get("/api/documents"), 401, "not-authenticated")
    assert [token["name"] for token in (await ada.http.get(TOKENS)).json()["tokens"]] == ["ci"]


async def test_a_revoked_token_is_refused_at_once_by_another_process(
    runtime: Runtime, ada: Person, refused: Refused
) -> None:
    shown = await made(ada.http, "ci", "ingest")
    other = Runtime(runtime.settings, open_without_models)
    async with calling(build_api(other), shown["token"]) as machine:
        assert (await machine.get("/api/documents")).status_code == 200
        assert (await ada.http.delete(f"{TOKENS}/{shown['id']}")).status_code == 204
        refused(await machine.get("/api/documents"), 401, "not-authenticated")
    await other.close()


async def test_somebody_elses_token_is_revoked_as_little_as_none(
    api: FastAPI, ada: Person, bob: Person, root: Person, refused: Refused
) -> None:
    shown = await made(ada.http, "ci", "ingest")
    for other in (bob, root):
        foreign = refused(await other.http.delete(f"{TOKENS}/{shown['id']}"), 404, "not-found")
        missing = refused(await other.http.delete(f"{TOKENS}/{'0' * 32}"), 404, "not-found")
        assert foreign | {"request_id": ""} == missing | {"request_id": ""}
    async with calling(api, shown["token"]) as machine:
        assert (await machine.get("/api/documents")).status_code == 200


async def test_while_its_account_is_disabled_a_token_is_useless(
    api: FastAPI, root: Person, ada: Person, services: Services, refused: Refused
) -> None:
    token = (await made(ada.http, "ci", "ingest"))["token"]
    async with calling(api, token) as machine:
        await services.metadata.set_user(ada.user_id, is_disabled=True)
        refused(await machine.get("/api/documents"), 401, "not-authenticated")
        refused(await ada.http.get("/api/documents"), 401, "not-authenticated")
        await services.metadata.set_user(ada.user_id, is_disabled=False)
        assert (await machine.get("/api/documents")).status_code == 200


async def test_whatever_is_wrong_with_a_token_is_answered_alike(
    api: FastAPI, ada: Person, refused: Refused
) -> None:
    token = (await made(ada.http, "ci", "ingest"))["token"]
    wrong = [
        "rag_",
        token[:-1],
        token + "0",
        token[:4] + "A" * 43 + token[-8:],
        token[:4] + token[4:].swapcase(),
    ]
    wrong += [token.replace("rag_", "rag_rag_"), token[:20] + "é" + token[21:], "rag_" + "x" * 20_000]
    problems = []
    for each in wrong:
        headers = {b"Authorization": b"Bearer " + each.encode()}
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as machine:
            response = await machine.get("/api/documents")
            problems.append(refused(response, 401, "not-authenticated") | {"request_id": ""})
            assert response.headers["www-authenticate"] == "Bearer"
    assert all(problem == problems[0] for problem in problems)


async def test_a_token_counts_in_the_authorization_header_alone(
    http: httpx.AsyncClient, ada: Person, refused: Refused
) -> None:
    token = (await made(ada.http, "ci", "ingest"))["token"]
    for name in ("token", "access_token", "api_key", "api-key", "key"):
        refused(await http.get("/api/documents", params={name: token}), 401, "not-authenticated")
    for name in ("X-Api-Key", "Api-Key", "X-Auth-Token"):
        refused(await http.get("/api/documents", headers={name: token}), 401, "not-authenticated")
    cookie = {"Cookie": f"token={token}; access_token={token}"}
    refused(await http.get("/api/documents", headers=cookie), 401, "not-authenticated")
    for scheme in ("Basic", "Token", "Bearer:"):
        told = {"Authorization": f"{scheme} {token}"}
        refused(await http.get("/api/documents", headers=told), 401, "not-authenticated")


async def test_making_and_revoking_are_told_to_the_audit_trail_without_the_token(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shown = await made(ada.http, "the name of it")
    await ada.http.delete(f"{TOKENS}/{shown['id']}")
    acts = [vars(record)["event_fields"] for record in caplog.records if record.message == "audit"]
    assert [(act["act"], act["actor"], act["subject"]) for act in acts] == [
        ("token_created", ada.user_id, shown["id"]),
        ("token_revoked", ada.user_id, shown["id"]),
    ]
    assert shown["token"] not in caplog.text
    assert "the name of it" not in str(acts)


@pytest.fixture
async def tenants_own(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whom the tenant has signed in, at an API that takes its tokens."""
    tenant = Tenant("https://login.microsoftonline.com")

    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        return replace(await open_without_models(settings, metrics), entra_tokens=tokens_of(tenant))

    beside = Runtime(runtime.settings, open_services)
    token = tenant.token(oid="ada00000-1111-4222-8333-444444444444")
    async with calling(build_api(beside), token) as client:
        yield client
    await beside.close()


async def test_people_of_a_tenant_use_the_tokens_of_their_tenant(
    tenants_own: httpx.AsyncClient, refused: Refused
) -> None:
    refused(await tenants_own.post(TOKENS, json=wish()), 403, "access-denied")
    assert (await tenants_own.get(TOKENS)).json() == {"tokens": []}
