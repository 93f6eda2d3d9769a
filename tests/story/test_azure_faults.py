"""The Azure profile while its services fail: answers get simpler, events wait, nothing is lost or hangs."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_host import RealHost
from tests.servers.process import free_port
from tests.servers.redis import start_server
from tests.stand_ins.openai_behaviour import EMBEDDING, SMALLER_CHAT, Behaviour
from tests.stand_ins.weights import weights
from tests.story.azure_profile import AzureProfile, azure_profile
from tests.worker.person import Person, succeeded

__all__ = ["weights"]

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(240)]

DEADLINE = 6.0  # seconds of a question
QUESTION = "When does the last ferry to Hiiumaa leave?"
FERRY = "The last ferry to Hiiumaa leaves at nine in the evening."


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureProfile]:
    with azure_profile(tmp_path_factory.mktemp("azure")) as profile:
        yield profile


@pytest.fixture(scope="module")
def redis_server() -> tuple[str, "subprocess.Popen[bytes]"]:
    """One that a test may kill."""
    port = free_port()
    return f"redis://127.0.0.1:{port}/0", start_server(port)


@pytest.fixture(scope="module")
def host(
    azure: AzureProfile,
    redis_server: tuple[str, "subprocess.Popen[bytes]"],
    tmp_path_factory: pytest.TempPathFactory,
    weights: Path,
) -> Iterator[RealHost]:
    environment = {
        **azure.environment,
        "REDIS_URL": redis_server[0],
        "RAG_ANSWER_TIMEOUT_SECONDS": str(DEADLINE),
    }
    folder = tmp_path_factory.mktemp("host")
    with RealHost(folder / "data", models=weights, environment=environment) as host:
        yield host


@pytest.fixture(scope="module")
def ada(host: RealHost) -> Person:
    person = Person(host.client, "ada@example.com")
    upload(person, "ferry.md", FERRY)
    host.wait_until(lambda: status(person, "ferry.md") == "indexed")
    return person


@pytest.fixture(autouse=True)
def healed(azure: AzureProfile) -> Iterator[None]:
    yield
    azure.openai.behaviour = Behaviour()
    azure.openai.refusals.clear()
    azure.search.behave(fail_next=0, reset_next=0)
    azure.vault.heal()


def upload(person: Person, name: str, text: str) -> None:
    succeeded(person.request("PUT", f"/api/documents/{name}", content=text.encode()), 202)


def status(person: Person, name: str) -> str | None:
    answer = person.request("GET", "/api/documents", params={"prefix": name})
    documents = succeeded(answer, 200)["documents"]
    return str(documents[0]["status"]) if documents else None


def test_a_deployment_that_is_gone_is_replaced_by_the_smaller_one(ada: Person, azure: AzureProfile) -> None:
    azure.openai.behave(deployments={SMALLER_CHAT: "chat", EMBEDDING: "embeddings"})
    answer = ada.ask(QUESTION)
    assert "nine in the evening" in answer["answer"]
    assert (answer["degraded"], answer["model"]) == ("smaller_model", SMALLER_CHAT)


def test_models_that_say_nothing_are_replaced_by_quotations_within_the_deadline(
    ada: Person, azure: AzureProfile
) -> None:
    azure.openai.behave(stall_after=0)
    began = time.monotonic()
    answer = ada.ask(QUESTION)
    assert time.monotonic() - began < DEADLINE + 1
    assert "nine in the evening" in answer["answer"]
    assert answer["degraded"] == "extractive"
    assert answer["degraded_reason"]


def test_a_throttled_index_is_a_problem_with_the_time_to_wait(ada: Person, azure: AzureProfile) -> None:
    azure.search.behave(fail_next=1_000, status=503, retry_after="7", on="search")
    answer = ada.request("POST", "/api/query", json={"question": QUESTION})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert "search" in answer.json()["detail"]


def test_a_storm_of_refusals_while_ingesting_loses_no_document(
    host: RealHost, ada: Person, azure: AzureProfile
) -> None:
    azure.openai.refuse_next(6, retry_after="1")
    azure.search.behave(fail_next=8, status=503, retry_after="1", on="index")
    for number in range(4):
        upload(ada, f"storm/{number}.md", f"Storm number {number} was seen from lighthouse {number}.")
    names = [f"storm/{number}.md" for number in range(4)]
    host.wait_until(lambda: [status(ada, name) for name in names] == ["indexed"] * 4)
    assert not azure.openai.refusals  # the storm was met, not missed


def test_a_key_vault_that_is_away_signs_nobody_out(host: RealHost, ada: Person, azure: AzureProfile) -> None:
    azure.vault.fail(503)
    assert ada.request("GET", "/api/auth/me").status_code == 200
    bob = Person(host.client, "bob@example.com")  # signed in anew
    assert bob.request("GET", "/api/auth/me").status_code == 200


def test_a_dead_cache_is_passed_by(
    host: RealHost, ada: Person, redis_server: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    redis_server[1].kill()
    redis_server[1].wait()
    cleo = Person(host.client, "cleo@example.com")
    assert "nine in the evening" in ada.ask(QUESTION)["answer"]
    upload(cleo, "cat.md", "The cat of the harbour master is called Admiral.")
    host.wait_until(lambda: status(cleo, "cat.md") == "indexed")
    assert succeeded(host.client.get("/api/health/ready"), 200)["status"] == "ok"
