"""What the images say of themselves, what lies in them, and how large they are."""

import stat

import pytest

from tests.image.contents import LOOK, Contents, complaints
from tests.image.engine import Engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Millions of bytes: as a registry keeps it and a node pulls it, and as it lies on the node's disk.
MOST_PULLED, MOST_UNPACKED = 350, 440

PLANTED = {
    "/usr/bin/passwd": (stat.S_IFREG | stat.S_ISUID | 0o755, "runs with the rights of another user"),
    "/opt/venv/bin/pip": (stat.S_IFREG | 0o755, "is a tool for building"),
    "/app/tests/planted.py": (stat.S_IFREG | 0o644, "does not belong to the product"),
    "/app/.env": (stat.S_IFREG | 0o644, "may be a secret"),
}


@pytest.fixture(scope="module")
def contents(engine: Engine, host_image: str) -> Contents:
    return Contents.of(engine.run(host_image, "--network", "none", script=LOOK))


def test_nothing_lies_in_it_that_must_not(contents: Contents) -> None:
    assert complaints(contents) == []


@pytest.mark.parametrize("path", PLANTED)
def test_what_must_not_lie_in_it_is_seen(contents: Contents, path: str) -> None:
    mode, said = PLANTED[path]
    faulty = Contents(files={**contents.files, path: (mode, 1)}, writable=frozenset({path}), user=(0,))
    assert complaints(faulty) == [f"{path} {said}", f"{path} can be changed by the app", "it runs as (0,)"]


def test_it_carries_the_app_and_the_bytecode_of_what_it_imports(contents: Contents) -> None:
    app = {path.removeprefix("/app/") for path in contents.files if path.startswith("/app/")}
    assert {"function_app.py", "host.json", "web/index.html", "shared/services.py", "evals/run.py"} <= app
    assert not any(path.startswith(("samples/", "models/")) for path in app)
    sources = {path for path in app if path.startswith(("shared/", "functions/", "host/"))}
    compiled = {path for path in sources if path.endswith(".pyc")}
    # Those of the local profile lack packages here, so they cannot be imported.
    assert len(compiled) > 0.9 * len(sources - compiled)
    assert any(path.endswith(".pyc") and "/openai/" in path for path in contents.files)
    assert any("/asyncio/__pycache__/" in path for path in contents.files)


def test_it_says_what_it_is_and_how_it_is_watched(engine: Engine, host_image: str) -> None:
    told = engine.inspect(host_image)
    labels = {name.rpartition(".")[2]: value for name, value in told["Labels"].items()}
    assert labels["title"] == "RAG Functions"
    assert (labels["version"], labels["revision"], labels["created"]) == (
        "1.2.3",
        "abc",
        "2026-01-02T03:04:05Z",
    )
    assert told["User"] == "10001:10001"
    assert told["Entrypoint"] == ["tini", "--", "rag"]
    assert told["Cmd"] == ["serve", "--host", "0.0.0.0", "--port", "8000"]
    assert list(told["ExposedPorts"]) == ["8000/tcp"]
    assert list(told["Volumes"]) == ["/data"]
    assert told["StopSignal"] == "SIGTERM"
    assert "8000/api/health/live" in " ".join(told["Healthcheck"]["Test"])


def test_it_is_no_larger_than_promised(engine: Engine, host_image: str) -> None:
    unpacked, pulled = engine.inspect(host_image)["Size"] / 1e6, engine.compressed(host_image) / 1e6
    assert pulled <= MOST_PULLED, f"{pulled:.0f} MB"
    assert unpacked <= MOST_UNPACKED, f"{unpacked:.0f} MB"


def test_the_functions_image_has_the_app_where_the_host_looks(engine: Engine, functions_image: str) -> None:
    told = engine.inspect(functions_image)
    environment = dict(line.split("=", 1) for line in told["Env"])
    assert environment["AzureWebJobsScriptRoot"] == "/home/site/wwwroot"
    assert environment["ASPNETCORE_URLS"] == "http://+:8080"
    assert (told["User"], list(told["ExposedPorts"])) == ("10001:10001", ["8080/tcp"])
    assert "8080/api/health/live" in " ".join(told["Healthcheck"]["Test"])


INDEX = """
import os, sys
sys.path.insert(0, os.environ["AzureWebJobsScriptRoot"])
os.chdir("/home/site/wwwroot")
import function_app
print(*sorted(function.get_function_name() for function in function_app.app.get_functions()))
"""


def test_the_functions_image_holds_all_that_its_functions_import(
    engine: Engine, functions_image: str, azure_settings: dict[str, str]
) -> None:
    given = [word for name, value in azure_settings.items() for word in ("--env", f"{name}={value}")]
    names = engine.run(functions_image, "--network", "none", *given, script=INDEX).split()
    assert {"query", "create_token", "ingest_event", "ingest_poison", "reconcile"} <= set(names)


@pytest.fixture
def azure_settings() -> dict[str, str]:
    """Nothing answers there: importing the app connects to nothing."""
    return {
        "RAG_PROFILE": "azure",
        "RAG_WARM_UP": "false",
        "AZURE_OPENAI_ENDPOINT": "https://nowhere.openai.azure.com",
        "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat",
        "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embedding",
        "AZURE_SEARCH_ENDPOINT": "https://nowhere.search.windows.net",
        "AZURE_KEY_VAULT_URL": "https://nowhere.vault.azure.net",
        "AzureWebJobsStorage__accountName": "nowhere",
        "MONGODB_URI": "secret:mongodb",
        "REDIS_URL": "rediss://nowhere:6380",
    }
