"""One host over a model server whose pace the tests set, and one document in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_host import RealHost
from tests.stand_ins.openai_server import MODEL, OpenAIServer
from tests.stand_ins.weights import weights

__all__ = ["weights"]


@pytest.fixture(scope="package")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="package")
def host(server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """Signed in; remembers no answers, so that every question reaches the model."""
    environment = {
        "RAG_CHAT_MODEL": "openai",
        "OPENAI_BASE_URL": server.url,
        "OPENAI_CHAT_MODEL": MODEL,
        "RAG_ANSWER_CACHE_HOURS": "0",
    }
    folder = tmp_path_factory.mktemp("host")
    with RealHost(folder / "data", models=weights, environment=environment) as host:
        host.sign_in()
        host.put("returns.md", "# Returns\n\nReturns are free for thirty days.\n")
        host.wait_for_status("returns.md", "indexed")
        yield host


@pytest.fixture
def model(server: OpenAIServer) -> OpenAIServer:
    """The model server as it is at first."""
    server.behaviour = type(server.behaviour)()
    server.client_left.clear()
    server.requests.clear()
    return server


@pytest.fixture
def token(host: RealHost) -> str:
    return str(host.client.headers["Authorization"]).removeprefix("Bearer ")
