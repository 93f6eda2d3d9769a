"""Every case of the table of outages in docs/operations.md, played through `POST /api/query`."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.real_host import RealHost
from tests.servers import mongo, redis
from tests.stand_ins.gate import Fault, Gate
from tests.stand_ins.openai_behaviour import CHAT, EMBEDDING, SMALLER_CHAT, Behaviour
from tests.stand_ins.weights import weights
from tests.story.azure_profile import AzureProfile, azure_profile
from tests.story.outages import CASES, Case
from tests.worker.person import Person, succeeded

__all__ = ["weights"]

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(240)]

DEADLINE = 12.0  # seconds of a question
AT_ONCE = 6  # questions; five failures open a breaker
PATIENCE = 60.0  # seconds until all is well again
FERRY = "The last ferry to Hiiumaa leaves at nine in the evening."
DEPLOYMENTS = {
    "chat model": (CHAT,),
    "chat model and smaller one": (CHAT, SMALLER_CHAT),
    "embedder": (EMBEDDING,),
    "all of Azure OpenAI": (CHAT, SMALLER_CHAT, EMBEDDING),
}
BEHAVIOURS: dict[Fault, Behaviour] = {
    "down": Behaviour(status=503),
    "slow": Behaviour(first_token_delay=60),
    "wrong": Behaviour(body="<html>Welcome</html>"),
    "flapping": Behaviour(flaps=True),
}
_asked = count(1)


class Outages:
    """The Azure profile behind gates, a host on it, and who asks."""

    def __init__(self, azure: AzureProfile, gates: dict[str, Gate], host: RealHost) -> None:
        self.azure, self.gates, self.host = azure, gates, host
        self.ada = Person(host.client, "ada@example.com")
        self.eve = {
            "Authorization": f"Bearer {azure.entra.token(oid='e7e00000-1111-4222-8333-444444444444')}"
        }

    @contextmanager
    def playing(self, case: Case) -> Iterator[None]:
        try:
            self._play(case.dependency, case.fault)
            yield
        finally:
            self.azure.openai.behaviours.clear()
            self.azure.vault.heal()
            for gate in self.gates.values():
                gate.fault = None
            self.azure.entra.is_down, self.azure.entra.delay, self.azure.entra.body = False, 0.0, None
            self.host.wait_until(self._all_is_well, every=0.2)

    def ask(self, _: int = 0) -> httpx.Response:
        """Each time in other words, as far as caches go."""
        question = "When does the last ferry to Hiiumaa leave" + "?" * next(_asked)
        return self.ada.request("POST", "/api/query", json={"question": question})

    def is_open(self, breaker: str) -> bool:
        text = self.host.client.get("/api/metrics").text
        return f'rag_breaker_open{{dependency="{breaker}"}} 1.0' in text

    def _play(self, dependency: str, fault: Fault) -> None:
        if deployments := DEPLOYMENTS.get(dependency):
            self.azure.openai.behaviours = dict.fromkeys(deployments, BEHAVIOURS[fault])
        elif dependency == "key vault":
            vault = self.azure.vault
            match fault:
                case "down":
                    vault.fail(503)
                case "slow":
                    vault.fail(503, delay=60)
                case "wrong":
                    vault.fail(200, body="<html>")
                case "flapping":
                    vault.fail(503, times=1)
        elif dependency == "Entra ID keys":
            entra = self.azure.entra
            entra.is_down = fault in ("down", "flapping")
            entra.delay = 60.0 if fault == "slow" else 0.0
            entra.body = b"<html>" if fault == "wrong" else None
        else:
            self.gates[dependency].fault = fault

    def _all_is_well(self) -> bool:
        answer = self.ask()
        is_ready = self.host.client.get("/api/health/ready").status_code == 200
        return is_ready and answer.status_code == 200 and answer.json()["degraded"] is None


@pytest.fixture(scope="module")
def outages(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[Outages]:
    with ExitStack() as stack:
        azure = stack.enter_context(azure_profile(tmp_path_factory.mktemp("azure")))
        environment = dict(azure.environment)
        gates: dict[str, Gate] = {}

        def gated(name: str, address: str) -> str:
            port = urlsplit(address).port
            assert port is not None
            gates[name] = stack.enter_context(Gate(port))
            return address.replace(f":{port}", f":{gates[name].port}")

        storage = environment["AzureWebJobsStorage"]
        for name, part in (("blob store", "BlobEndpoint"), ("event queue", "QueueEndpoint")):
            endpoint = re.search(rf"{part}=([^;]+)", storage)
            assert endpoint is not None
            storage = storage.replace(endpoint[1], gated(name, endpoint[1]))
        environment |= {
            "AzureWebJobsStorage": storage,
            "AZURE_SEARCH_ENDPOINT": gated("search index", azure.search.url),
            "MONGODB_URI": gated("metadata store", mongo.address()),
            "REDIS_URL": gated("cache", redis.address()),
            "RAG_ANSWER_TIMEOUT_SECONDS": str(DEADLINE),
            "RAG_FIRST_TOKEN_SECONDS": "4",
        }
        folder = tmp_path_factory.mktemp("host")
        host = stack.enter_context(RealHost(folder / "data", models=weights, environment=environment))
        outages = Outages(azure, gates, host)
        outages.ada.upload("ferry.md", FERRY)
        host.wait_until(lambda: is_indexed(outages.ada))
        yield outages


def is_indexed(person: Person) -> bool:
    documents = succeeded(person.request("GET", "/api/documents"), 200)["documents"]
    return [document["status"] for document in documents] == ["indexed"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_question_gets_what_the_table_says(outages: Outages, case: Case) -> None:
    with outages.playing(case):
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as people:
            answers = list(people.map(outages.ask, range(AT_ONCE)))
        assert time.monotonic() - began < DEADLINE + 5
        assert {answer.status_code for answer in answers} <= case.statuses
        for answer in answers:
            told = answer.json()
            if answer.status_code == 200:
                assert told["degraded"] in case.degraded
                assert bool(told["degraded_reason"]) == bool(told["degraded"])
                assert "nine in the evening" in told["answer"]
                assert told["citations"]
            else:
                assert int(answer.headers["retry-after"]) >= 1
                assert case.dependency.partition(" ")[0] in told["detail"] or "MongoDB" in told["detail"]
        if case.breaker:
            assert outages.is_open(case.breaker)
        ready = outages.host.client.get("/api/health/ready")
        assert case.is_ready in (ready.status_code == 200, None)
        if case.named:
            assert ready.json()["status"] == "degraded"
            assert ready.json()["checks"][case.named] != "ok"


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.dependency == "key vault"], ids=lambda c: c.id
)
def test_people_sign_in_while_the_key_vault_is_away(outages: Outages, case: Case) -> None:
    with outages.playing(case):
        Person(outages.host.client, f"{case.fault}@example.com")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.dependency == "Entra ID keys"], ids=lambda c: c.id
)
def test_people_of_the_tenant_are_let_in_by_the_keys_that_are_known(outages: Outages, case: Case) -> None:
    succeeded(outages.host.client.get("/api/auth/me", headers=outages.eve), 200)
    with outages.playing(case):
        succeeded(outages.host.client.get("/api/auth/me", headers=outages.eve), 200)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.dependency == "blob store" and case.named],
    ids=lambda c: c.id,
)
def test_uploads_are_refused_while_the_blob_store_is_away(outages: Outages, case: Case) -> None:
    with outages.playing(case):
        answer = outages.ada.request("PUT", "/api/documents/late.md", content=b"Late.")
        assert answer.status_code in (503, 504)
        assert int(answer.headers["retry-after"]) >= 1
