"""No SDK is loaded by a profile that does not need it, nor by any before it is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.import_rules import is_adapter
from tests.stand_ins.weights import weights

__all__ = ["weights"]

ROOT = Path(__file__).parents[2]
SDKS = (
    *("azure.core", "azure.identity", "azure.keyvault", "azure.search", "azure.storage", "msal"),
    *("pymongo", "bson", "redis", "aiohttp"),
    *("openai", "tiktoken", "langchain", "langchain_core", "langchain_openai"),
)
SHOW = "print(json.dumps(sorted(sys.modules)))"
ANSWER = f"""
import asyncio, json, sys
import function_app
from shared.domain import DoneEvent, Principal, Question
from shared.query.answer import answer

async def main():
    services = await function_app.runtime.services()
    {SHOW}
    ada = Principal(user_id="ada", email="ada@example.org")
    events = [event async for event in answer(Question(text="How long is the lease?"), ada, services)]
    assert isinstance(events[-1], DoneEvent)
    {SHOW}
    await function_app.runtime.close()

asyncio.run(main())
"""
OPEN = f"""
import asyncio, json, sys
from shared.compose import open_services
from shared.settings import read_settings

async def main():
    services = await open_services(read_settings())
    {SHOW}
    await services.close()

asyncio.run(main())
"""
AZURE = {
    "RAG_PROFILE": "azure",
    "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat",
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embedding",
    "AZURE_SEARCH_ENDPOINT": "https://example.search.windows.net",
    "AZURE_KEY_VAULT_URL": "https://example.vault.azure.net",
    "AzureWebJobsStorage__accountName": "example",
    "MONGODB_URI": "mongodb://example.org",
    "REDIS_URL": "rediss://example.org:6380/0",
    "ENTRA_TENANT_ID": "0e0e0e0e-0000-4000-8000-000000000001",
    "ENTRA_AUDIENCE": "api://example",
}


def loaded(program: str, **environment: str) -> list[list[str]]:
    """The names of all modules, each time that a fresh process shows them."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def sdks(modules: list[str]) -> list[str]:
    return [name for name in modules if any(f"{name}.".startswith(f"{sdk}.") for sdk in SDKS)]


@pytest.mark.slow
@pytest.mark.embedder
def test_the_local_profile_answers_without_any_sdk(weights: Path, tmp_path: Path) -> None:
    local = {"RAG_EMBEDDER": "minilm", "RAG_MODELS": str(weights.parent), "RAG_DATA": str(tmp_path / "rag")}
    opened, answered = loaded(ANSWER, RAG_PROFILE="local", **local)
    assert "shared.search_indexes.embedded" in opened
    assert "onnxruntime" in answered
    assert sdks(opened) == []
    assert sdks(answered) == []


@pytest.mark.slow
@pytest.mark.embedder
@pytest.mark.parametrize(
    ("setting", "address", "sdk"),
    [
        ({"RAG_CACHE": "redis"}, {"REDIS_URL": "redis://127.0.0.1:1/0"}, {"redis"}),
        ({"RAG_METADATA_STORE": "mongo"}, {"MONGODB_URI": "mongodb://127.0.0.1:1"}, {"pymongo", "bson"}),
        (
            {"RAG_EVENT_QUEUE": "azure_queue"},
            {"AzureWebJobsStorage": "UseDevelopmentStorage=true"},
            {"azure.core", "azure.storage"},
        ),
    ],
)
def test_one_plug_of_another_profile_loads_its_own_sdk_only(
    weights: Path, tmp_path: Path, setting: dict[str, str], address: dict[str, str], sdk: set[str]
) -> None:
    local = {"RAG_EMBEDDER": "minilm", "RAG_MODELS": str(weights.parent), "RAG_DATA": str(tmp_path / "rag")}
    [opened] = loaded(OPEN, **local, **setting, **address)
    packages = {name for name in SDKS if name in opened}
    assert packages - {"aiohttp"} == sdk  # azure-core brings aiohttp along


@pytest.mark.slow
def test_the_azure_profile_loads_its_sdks_beside_the_start_and_not_in_its_way() -> None:
    warmed = "[each.join() for each in threading.enumerate() if each.name == 'warm up']"
    program = f"import json, sys, threading, function_app\n{SHOW}\n{warmed}\n{SHOW}"
    imported, later = loaded(program, RAG_WARM_UP="false", **AZURE)
    assert "functions.api" in imported
    assert sdks(imported) == sdks(later) == []
    assert [name for name in later if is_adapter(name)] == []
    _, warm = loaded(program, **AZURE)
    assert {"azure.search", "azure.storage", "openai", "pymongo", "redis"} <= set(warm)


@pytest.mark.parametrize("name", ["azure.core", "azure.core.rest", "langchain_openai.chat_models", "redis"])
def test_an_sdk_is_known_by_its_modules(name: str) -> None:
    assert sdks(["azure.functions", "azure", "redistribution", name]) == [name]
