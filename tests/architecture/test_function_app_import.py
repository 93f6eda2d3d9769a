"""Importing the Function App loads what HTTP needs and nothing of what a plug needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"

# Top-level packages that may be loaded: HTTP and triggers, tokens and passwords, settings, metrics.
ALLOWED = {
    *("function_app", "functions", "shared"),
    *("azure", "azurefunctions", "werkzeug", "markupsafe"),
    *("fastapi", "starlette", "anyio", "sniffio", "uvicorn", "click", "h11", "annotated_doc"),
    *("python_multipart", "multipart"),
    *("pydantic", "pydantic_core", "pydantic_settings", "annotated_types", "dotenv"),
    *("orjson", "opentelemetry"),  # FastAPI looks for them
    "watchfiles",  # uvicorn looks for it
    *("typing_extensions", "typing_inspection"),
    "semantic_text_splitter",  # 11 ms
    *("jwt", "cryptography", "argon2", "prometheus_client"),
}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "RAG_WARM_UP": "false"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    bare = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace(", function_app", "")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout)) - set(json.loads(bare.stdout))


def test_no_package_is_loaded_that_is_not_needed_yet(loaded: set[str]) -> None:
    packages = {name.partition(".")[0] for name in loaded if not name.startswith("_")}
    packages -= set(sys.stdlib_module_names)
    assert packages - ALLOWED == set()


def test_no_adapter_is_loaded(loaded: set[str]) -> None:
    from tests.architecture.import_rules import is_adapter

    assert sorted(name for name in loaded if is_adapter(name)) == []


def test_no_database_is_loaded(loaded: set[str]) -> None:
    assert "sqlite3" not in loaded


def test_azure_functions_is_loaded(loaded: set[str]) -> None:
    assert {"azure.functions", "azurefunctions.extensions.http.fastapi"} <= loaded
