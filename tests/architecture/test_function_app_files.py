"""host.json, local.settings.json.example and .funcignore say what the Functions host must be told."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

from shared.settings import Settings, setting_name

ROOT = Path(__file__).parents[2]
TIME_SPAN = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d")


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return document


def test_the_host_uses_the_apis_paths_as_they_are() -> None:
    assert read("host.json")["extensions"]["http"] == {"routePrefix": ""}


def test_the_host_tries_a_message_five_times_and_leaves_its_text_alone() -> None:
    queues = read("host.json")["extensions"]["queues"]
    assert (queues["maxDequeueCount"], queues["messageEncoding"]) == (5, "none")
    assert 1 <= queues["newBatchThreshold"] <= queues["batchSize"] <= 32
    assert TIME_SPAN.fullmatch(queues["visibilityTimeout"])
    assert TIME_SPAN.fullmatch(queues["maxPollingInterval"])


def test_the_host_loads_version_4_of_the_extensions() -> None:
    host = read("host.json")
    assert host["version"] == "2.0"
    assert host["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.*, 5.0.0)",
    }
    assert TIME_SPAN.fullmatch(host["functionTimeout"])


def test_log_levels_are_those_of_the_host() -> None:
    levels = set(read("host.json")["logging"]["logLevel"].values())
    assert levels <= {"Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"}


def test_the_example_settings_are_strings_and_settings_of_ours_exist() -> None:
    values = read("local.settings.json.example")["Values"]
    assert {type(value) for value in values.values()} == {str}
    ours = {name for name in values if name.startswith("RAG_")}
    assert ours <= {setting_name(field) for field in Settings.model_fields}


def test_the_example_settings_start_the_python_worker_on_the_port_of_the_docs() -> None:
    settings = read("local.settings.json.example")
    assert settings["Values"]["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert settings["Values"]["PYTHON_ENABLE_INIT_INDEXING"] == "1"
    assert settings["Host"]["LocalHttpPort"] == 7071


def test_publishing_takes_the_app_and_leaves_the_rest() -> None:
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.rstrip("/") for line in lines if line and not line.startswith("#")]

    def is_ignored(name: str) -> bool:
        return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)

    assert not any(map(is_ignored, ("function_app.py", "host.json", "requirements.txt")))
    assert not any(map(is_ignored, ("functions", "shared", "web")))
    assert all(
        map(is_ignored, ("tests", "local.settings.json", ".venv", ".rag", ".git", "requirements-dev.txt"))
    )
