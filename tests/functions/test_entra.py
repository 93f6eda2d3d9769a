"""People of an Entra ID tenant at the API: they need no account, and see what is theirs or their groups'."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from functions.dependencies import Runtime
from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.ingest import pipeline
from shared.secret_stores.local import LocalSecrets
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.stand_ins.entra_tenant import AUDIENCE, KnownKeys, Tenant, tokens_of
from tests.stand_ins.pipeline_services import pipeline_services

ADA = "ada00000-1111-4222-8333-444444444444"
BOB = "b0b00000-1111-4222-8333-444444444444"
EVE = "e7e00000-1111-4222-8333-444444444444"
PUMPS = "9a9a9a9a-0000-4000-8000-000000000001"
ENTRA = Tenant("https://login.microsoftonline.com")
TEXT = b"The warranty of the pump lasts two years."
Caller = Callable[..., Awaitable[httpx.AsyncClient]]
Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        keys = KeyRing(LocalSecrets(settings.data / "secrets", {}), "jwt-signing-key")
        return pipeline_services(
            settings.data,
            access_tokens=AccessTokens(keys=keys, issuer="rag", audience="rag", lifetime=900),
            passwords=Passwords(),
            entra_tokens=tokens_of(ENTRA),
        )

    runtime = Runtime(read_settings(data=tmp_path / "rag"), open_services)
    yield runtime
    await runtime.close()


@pytest.fixture
async def caller(api: FastAPI) -> AsyncIterator[Caller]:
    """Somebody who comes with a token of the tenant."""
    async with AsyncExitStack() as opened:

        async def caller(oid: str, **claims: Any) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {ENTRA.token(oid=oid, **claims)}"}
            transport = httpx.ASGITransport(api)
            return await opened.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)
            )

        yield caller


async def uploaded(http: httpx.AsyncClient, services: Services, path: str = "warranty.txt") -> dict[str, Any]:
    """Uploaded over HTTP, ingested as its trigger does."""
    response = await http.put(f"/api/documents/{path}", content=TEXT)
    assert response.status_code == 202, response.text
    document: dict[str, Any] = response.json()
    stored = await services.metadata.document(document["id"])
    assert stored is not None
    await pipeline.ingest(stored.name, services)
    return document


async def answer(http: httpx.AsyncClient) -> dict[str, Any]:
    response = await http.post("/api/query", json={"question": "How long is the warranty of the pump?"})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def cited(http: httpx.AsyncClient) -> list[str]:
    return [each["document"] for each in (await answer(http))["citations"]]


async def share(http: httpx.AsyncClient, document: dict[str, Any], *readers: str) -> httpx.Response:
    return await http.patch(f"/api/documents/{document['id']}", json={"readers": readers})


async def test_who_i_am_comes_from_the_token(caller: Caller) -> None:
    me = (await (await caller(ADA, roles=["administrator"])).get("/api/auth/me")).json()
    told = {"user_id": ADA, "email": "ada00000@example.org", "is_administrator": True}
    assert told.items() <= me.items()


async def test_an_upload_lies_in_a_folder_of_the_object_id(caller: Caller, services: Services) -> None:
    document = await uploaded(await caller(ADA), services)
    stored = await services.metadata.document(document["id"])
    assert stored is not None
    assert (stored.name, stored.owner_id) == (f"users/{ADA}/warranty.txt", ADA)


async def test_what_one_uploads_only_they_find(caller: Caller, services: Services) -> None:
    ada, bob = await caller(ADA), await caller(BOB)
    document = await uploaded(ada, services)
    assert await cited(ada) == ["warranty.txt"]
    assert await cited(bob) == []
    assert (await bob.get("/api/documents")).json()["documents"] == []
    assert (await bob.get(f"/api/documents/{document['id']}")).status_code == 404


async def test_a_group_reads_what_is_shared_with_it_until_it_no_longer_is(
    caller: Caller, services: Services
) -> None:
    ada, bob, eve = await caller(ADA), await caller(BOB, groups=[PUMPS]), await caller(EVE)
    document = await uploaded(ada, services)
    shared = await share(ada, document, f"group:{PUMPS}")
    assert shared.json()["readers"] == [f"group:{PUMPS}"]
    assert (await cited(bob), await cited(eve)) == (["warranty.txt"], [])
    assert (await bob.get(f"/api/documents/{document['id']}")).json()["readers"] == []
    assert (await share(bob, document, "everyone")).status_code == 403
    assert (await share(ada, document)).json()["readers"] == []
    assert await cited(bob) == []


async def test_with_too_many_groups_for_the_token_a_member_reads_none_of_them(
    caller: Caller, services: Services
) -> None:
    ada = await caller(ADA)
    await share(ada, await uploaded(ada, services), f"group:{PUMPS}")
    assert await cited(await caller(BOB, groups=[PUMPS], _claim_names={"groups": "src1"})) == []


async def test_sharing_names_accounts_people_of_the_tenant_and_groups(
    caller: Caller, services: Services, bob: Any
) -> None:
    ada, eve = await caller(ADA), await caller(EVE)
    document = await uploaded(ada, services)
    shared = await share(ada, document, f"user:{EVE}", bob.email, f"group:{PUMPS}", "everyone")
    assert shared.json()["readers"] == ["everyone", bob.email, f"group:{PUMPS}", f"user:{EVE}"]
    assert (await share(ada, document, f"user:{EVE}", bob.email)).status_code == 200
    assert (await cited(eve), await cited(bob.http)) == (["warranty.txt"], ["warranty.txt"])


@pytest.mark.parametrize(
    "reader", ["group:pumps", f"group:{PUMPS.upper()}", f"group:{PUMPS} ", PUMPS, "group:", f"role:{PUMPS}"]
)
async def test_a_reader_that_is_nobody_is_refused(
    caller: Caller, services: Services, refused: Refused, reader: str
) -> None:
    ada = await caller(ADA)
    refused(await share(ada, await uploaded(ada, services), reader), 400, "invalid-request")


async def test_conversations_and_feedback_need_no_account(caller: Caller, services: Services) -> None:
    ada, bob = await caller(ADA), await caller(BOB)
    await uploaded(ada, services)
    answered = await answer(ada)
    path = f"/api/conversations/{answered['conversation_id']}"
    assert len((await ada.get(path)).json()["turns"]) == 1
    names = {name: answered[name] for name in ("conversation_id", "request_id")}
    feedback = {**names, "rating": "up"}
    assert (await ada.post("/api/feedback", json=feedback)).status_code == 201
    assert (await bob.post("/api/feedback", json=feedback)).status_code == 404
    assert (await bob.get(path)).status_code == 404
    assert (await bob.get("/api/conversations")).json()["conversations"] == []
    assert (await ada.delete(path)).status_code == 204


async def test_the_app_role_administers_what_is_shared(caller: Caller, refused: Refused) -> None:
    root, ada = await caller(ADA, roles=["administrator"]), await caller(BOB, roles=["reader"])
    assert (await root.put("/api/documents/shared/all.txt", content=TEXT)).status_code == 202
    refused(await ada.put("/api/documents/shared/all.txt", content=TEXT), 403, "access-denied")


async def test_accounts_of_our_own_stay_and_end_with_their_session(bob: Any) -> None:
    assert (await bob.http.get("/api/auth/me")).json()["email"] == bob.email
    assert (await bob.http.post("/api/auth/revoke", data={"token": bob.refresh_token})).status_code == 200
    assert (await bob.http.get("/api/auth/me")).status_code == 401


async def test_the_keys_are_closed_with_the_services(tmp_path: Path) -> None:
    keys = KnownKeys(ENTRA)
    services = pipeline_services(tmp_path, passwords=Passwords(), entra_tokens=tokens_of(ENTRA, keys=keys))
    await services.close()
    assert keys.is_closed


@pytest.mark.parametrize(
    "claims",
    [{"aud": "another api"}, {"exp": int(time.time()) - 600}, {"scp": "", "roles": ["administrator"]}],
    ids=["audience", "expired", "an id token"],
)
async def test_a_token_that_is_off_is_refused(caller: Caller, refused: Refused, claims: Any) -> None:
    refused(await (await caller(ADA, **claims)).get("/api/documents"), 401, "not-authenticated")


async def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(api: FastAPI, bob: Any) -> None:
    own = bob.http.headers["Authorization"].removeprefix("Bearer ")
    tokens = [
        cut
        for token in (own, ENTRA.token(oid=ADA))
        for cut in (token[:-2], token[2:], f"{token}=", f"{token}.{token}", f"{token} x")
    ]
    tokens += [ENTRA.token(oid=ADA, aud="x"), ENTRA.token(oid=ADA, header={"kid": "x"}), "x", "x" * 20_000]
    answers = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as http:
        for token in tokens:
            response = await http.get("/api/documents", headers={"Authorization": f"Bearer {token}"})
            told = {k: v for k, v in response.json().items() if k != "request_id"}
            named = sorted(set(response.headers) - {"x-request-id"})
            answers.add(
                (response.status_code, response.headers.get("www-authenticate"), str(told), str(named))
            )
    assert len(answers) == 1
    assert "the access token is not valid; sign in again" in str(answers)
    assert next(iter(answers))[:2] == (401, "Bearer")


async def test_an_app_with_a_role_has_documents_of_its_own(
    caller: Caller, services: Services, api: FastAPI
) -> None:
    await uploaded(await caller(ADA), services)
    headers = {"Authorization": f"Bearer {ENTRA.app_token(AUDIENCE, roles=['reader'])}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://test", headers=headers
    ) as app:
        assert await cited(app) == []
        await uploaded(app, services, "of-the-app.txt")
        assert await cited(app) == ["of-the-app.txt"]
