"""`rag eval` as it is run: beside live data, in either profile, and as a gate that a fall does not pass."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from evals.isolation import isolated
from shared.compose.plugs import open_metadata_store
from shared.domain import User
from shared.settings import Settings
from tests.servers import mongo
from tests.stand_ins.openai_server import MODEL, OpenAIServer
from tests.stand_ins.weights import weights
from tests.story.azure_profile import AzureProfile, azure_profile

__all__ = ["weights"]

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(240)]

ADA = User(id="ada", email="ada@example.com", password_hash="", is_administrator=False, created_at=0.0)
ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    "terms.md": "# Terms\n\nThe warranty of the pump lasts for seven years.",
    "handbook.md": "# Handbook\n\nEmployees have thirty days of annual leave.",
    "birds.md": "# Birds\n\nLarks sing while they climb.",
}
QUESTIONS = [
    ("How long does the warranty of the pump last?", "terms.md", "seven years"),
    ("How many days of annual leave do employees have?", "handbook.md", "thirty days"),
    ("What do larks do while they climb?", "birds.md", "sing"),
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    rows: list[dict[str, Any]] = [
        {
            "id": f"q{number}-{repetition}",
            "question": question,
            "answers": [{"document": document, "page": 1}],
            "must_contain": [fact],
            "truth": fact,
        }
        for repetition in range(3)
        for number, (question, document, fact) in enumerate(QUESTIONS)
    ]
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def evaluated(
    *arguments: str | Path, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "eval", *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )


@pytest.fixture
def local(weights: Path, tmp_path: Path) -> dict[str, str]:
    return {"RAG_MODELS": str(weights.parent), "RAG_EMBEDDER": "minilm", "RAG_DATA": str(tmp_path / "live")}


def test_a_set_is_measured_beside_live_data_and_a_second_run_indexes_nothing(
    dataset: Path, local: dict[str, str], tmp_path: Path
) -> None:
    rows, kept = tmp_path / "rows.jsonl", tmp_path / "kept"
    for _ in range(2):
        done = evaluated(dataset, "--json", rows, "--keep", kept, environment=local, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "| hit@5 | 1.000 (1.00–1.00) |" in done.stdout
    assert "| facts | 1.000 (1.00–1.00) |" in done.stdout
    first = json.loads(rows.read_text().splitlines()[0])
    assert (first["citations"], first["values"]["answered"]) == (["terms.md#page=1"], 1.0)
    assert not (tmp_path / "live").exists()
    assert len(list(kept.rglob("terms.md"))) == 1


def test_a_fall_ends_with_exit_code_1_and_names_the_questions(
    dataset: Path, local: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "baseline.json"
    gate = [dataset, "--baseline", file]
    stored = evaluated(*gate, "--store-baseline", environment=local, folder=tmp_path)
    assert stored.returncode == 0, stored.stderr
    same = evaluated(*gate, environment=local, folder=tmp_path)
    assert (same.returncode, "nothing changed" in same.stdout) == (0, True), same.stderr

    values = json.loads(file.read_text())
    for each in values["questions"].values():
        each["token f1"] = 1.0  # better than quotations can be
    file.write_text(json.dumps(values))
    fallen = evaluated(*gate, environment=local, folder=tmp_path)
    assert fallen.returncode == 1
    assert "token f1 FELL" in fallen.stdout
    assert "    q0-0: 1 → " in fallen.stdout
    assert fallen.stderr.splitlines()[-1].startswith("rag: significantly lower than")

    other = evaluated(*gate, "--limit", "2", "--rankings-only", environment=local, folder=tmp_path)
    assert other.returncode == 1
    assert "not compared: " in other.stderr
    assert "other questions or documents" in other.stderr


def test_a_judge_is_the_language_model_or_nobody(
    dataset: Path, local: dict[str, str], tmp_path: Path
) -> None:
    refused = evaluated(dataset, "--judge", environment=local, folder=tmp_path)
    assert refused.returncode == 1
    assert "--judge needs a language model" in refused.stderr
    with OpenAIServer() as server:
        server.behave(answer="Grade: 1 [1]")
        environment = {
            **local,
            "RAG_CHAT_MODEL": "openai",
            "OPENAI_BASE_URL": server.url,
            "OPENAI_CHAT_MODEL": MODEL,
        }
        graded = evaluated(dataset, "--judge", "--limit", "3", environment=environment, folder=tmp_path)
    assert graded.returncode == 0, graded.stderr
    assert "| judged | 0.500 (0.50–0.50) |" in graded.stdout
    assert "| tokens in / out, mean | " in graded.stdout


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureProfile]:
    with azure_profile(tmp_path, announces=False) as profile:
        yield profile


def test_in_azure_it_works_beside_live_data_and_removes_what_it_made(
    azure: AzureProfile, dataset: Path, tmp_path: Path
) -> None:
    done = evaluated(dataset, "--limit", "3", environment=azure.environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| hit@5 | 1.000 (1.00–1.00) |" in done.stdout
    assert "| tokens in / out, mean | " in done.stdout
    assert azure.search.resources.indexes() == azure.search.resources.aliases() == []
    assert containers(azure) == []


def containers(azure: AzureProfile) -> list[str]:
    """Those of a measurement that are left."""
    with BlobServiceClient.from_connection_string(azure.environment["AzureWebJobsStorage"]) as client:
        return [each.name for each in client.list_containers(name_starts_with="eval-")]


async def test_a_database_of_its_own_is_removed(tmp_path: Path) -> None:
    live = Settings(metadata_store="mongo", mongodb_uri=SecretStr(mongo.address()), data=tmp_path)
    async with isolated(live) as place, AsyncMongoClient(mongo.address()) as client:
        database = client[place.ground.settings.mongodb_database]
        assert database.name.startswith("eval-")
        metadata = open_metadata_store(place.ground.settings)
        await metadata.add_user(ADA, first_is_administrator=True)
        await metadata.close()
        assert await database.list_collection_names()
    async with AsyncMongoClient(mongo.address()) as client:
        assert await client[database.name].list_collection_names() == []
