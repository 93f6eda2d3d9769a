"""How often a question and a document call each service: what `bench.simulate_scale` reckons with."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import redis
from pymongo import monitoring

from bench.scale.calls import DOCUMENT, QUESTION, Calls
from functions.api import build_api
from functions.dependencies import Runtime
from shared.compose import start_services
from shared.ingest import pipeline
from shared.services import Services
from shared.settings import read_settings
from tests.planted import planted
from tests.servers.process import free_port
from tests.servers.redis import start_server
from tests.stand_ins.asgi_client import over
from tests.story.azure_profile import AzureProfile, azure_profile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ACCOUNT = {"email": "ada@example.com", "password": planted("password")}
OF_THE_DRIVER = {"hello", "ping", "endSessions", "saslStart", "saslContinue"}


class Commands(monitoring.CommandListener):
    count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.count += event.command_name not in OF_THE_DRIVER

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def pages(name: str) -> str:
    """Ten pages of words that no other document has: nothing of them is embedded already."""
    lines = (
        f"Clause {n} of {name}: the tenant of unit {n} pays {n * 7} dollars a month." for n in range(330)
    )
    return "\n\n".join(lines)


class Count:
    """Of the calls that this process makes to the services of a profile."""

    def __init__(self, profile: AzureProfile, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._profile = profile
        self._cache = redis.Redis.from_url(cache)
        self._commands = Commands()
        self._storage = Counter[str]()
        monitoring.register(self._commands)
        request = aiohttp.ClientSession._request

        async def counted(session: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> Any:
            if "/devstoreaccount1/" in str(url) or "AccountName" in str(url):
                self._storage["queue" if "/messages" in str(url) else "blobs"] += 1
            return await request(session, method, url, **options)

        monkeypatch.setattr(aiohttp.ClientSession, "_request", counted)

    async def of(self, work: Callable[[], Awaitable[object]]) -> Calls:
        before = self._now()
        await work()
        return Calls(**{name: count - before[name] for name, count in self._now().items()})

    def _now(self) -> dict[str, int]:
        stats: Any = self._cache.info("commandstats")
        asked = (int(each["calls"]) for name, each in stats.items() if name != "cmdstat_info")
        return {
            "mongo": self._commands.count,
            "redis": sum(asked),
            "blobs": self._storage["blobs"],
            "queue": self._storage["queue"],
            "search": len(self._profile.search.requests),
            "openai": len(self._profile.openai.requests),
        }

    def close(self) -> None:
        self._cache.close()


async def signed_in(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/auth/register", json=ACCOUNT)).status_code == 201
    form = {"grant_type": "password", "username": ACCOUNT["email"], "password": ACCOUNT["password"]}
    token = (await client.post("/api/auth/token", data=form)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


async def ingested(client: httpx.AsyncClient, name: str, services: Services) -> None:
    answer = await client.put(f"/api/documents/shared/{name}.txt", content=pages(name))
    assert answer.status_code == 202, answer.text
    await pipeline.ingest(f"shared/{name}.txt", services)


async def answered(client: httpx.AsyncClient, question: str) -> None:
    answer = await client.post("/api/query", json={"question": question})
    assert answer.json()["citations"], answer.text


async def test_the_simulation_reckons_with_the_calls_that_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    start_server(port)
    with azure_profile(tmp_path, announces=False) as profile:
        cache = f"redis://127.0.0.1:{port}/0"
        for name, value in {**profile.environment, "REDIS_URL": cache, "RAG_DATA": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        runtime = Runtime(read_settings(), start_services)
        count = Count(profile, cache, monkeypatch)
        async with over(build_api(runtime)) as client:
            await signed_in(client)
            services = await runtime.services()
            await ingested(client, "first", services)  # collections, index and queues come to be
            document = await count.of(lambda: ingested(client, "second", services))
            await answered(client, "What does the tenant of unit 7 pay?")
            question = await count.of(lambda: answered(client, "What does the tenant of unit 9 pay?"))
        count.close()
        await runtime.close()
    print(f"document: {document}\nquestion: {question}")
    assert document == DOCUMENT
    assert question == QUESTION
