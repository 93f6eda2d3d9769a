"""A host that was asked for a little of everything, and a Prometheus that watched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.monitoring.catalogue import Catalogue, declared
from tests.monitoring.queries import rules
from tests.real_host import RealHost
from tests.servers.prometheus import Prometheus, prometheus
from tests.stand_ins.weights import weights

__all__ = ["weights"]

_QUESTION = "How many days of leave do employees get?"
_MESSAGES = {"messages": [{"role": "user", "content": _QUESTION}]}


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """Signed in as its administrator."""
    data = tmp_path_factory.mktemp("monitored") / "data"
    with RealHost(data, models=weights, environment={"RAG_REQUESTS_PER_MINUTE": "100"}) as running:
        running.sign_in()
        yield running


@pytest.fixture(scope="session")
def watched(host: RealHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus(f"127.0.0.1:{host.port}", tmp_path_factory.mktemp("prometheus")) as watching:
        watching.wait_until(lambda: bool(watching.query("rag_documents")), "the host")
        use(host)
        watching.wait_until(lambda: _has_seen_it_all(watching), "what the host was asked for")
        yield watching


@pytest.fixture(scope="session")
def seen(watched: Prometheus) -> Catalogue:
    catalogue = Catalogue()
    catalogue.add(watched.series())
    return catalogue


@pytest.fixture(scope="session")
def all_metrics(seen: Catalogue) -> Catalogue:
    found = declared()
    for metric, labels in seen.labels.items():
        found.labels[metric] |= labels
    return found


def use(host: RealHost) -> None:
    """A little of everything."""
    client = host.client
    host.put("notes/leave.md", "# Leave\n\nEmployees get 30 days of leave.\n")
    host.wait_for_status("notes/leave.md", "indexed")
    answer = client.post("/api/query", json={"question": _QUESTION}).raise_for_status().json()
    rating = {name: answer[name] for name in ("conversation_id", "request_id")} | {"rating": "up"}
    client.post("/api/feedback", json=rating).raise_for_status()
    client.post("/api/search", json={"question": _QUESTION}).raise_for_status()
    for path in ("/api/chat", "/api/chat/stream", "/api/v1/chat/completions"):
        client.post(path, json=_MESSAGES).raise_for_status()
    wrong = {"grant_type": "password", "username": "ada@example.com", "password": "not this one"}
    assert client.post("/api/auth/token", data=wrong).is_client_error


def _has_seen_it_all(watching: Prometheus) -> bool:
    """The last that was asked for, often enough for a rate, and what rules record of it."""
    last = 'rag_http_requests_total{route="/api/auth/token",status="4xx"}[1m]'
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    is_recorded = recorded <= {each["__name__"] for each in watching.series()}
    return is_recorded and bool(watching.query(f"count_over_time({last}) >= 2"))
