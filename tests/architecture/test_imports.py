"""The import rules hold for this tree, and the checker finds what breaks them."""

from pathlib import Path

import pytest

from tests.architecture.import_rules import python_files, violations

ROOT = Path(__file__).parents[2]


def test_every_module_imports_only_what_it_may() -> None:
    assert len(list(python_files(ROOT))) > 50
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("shared/domain/people.py", "import pydantic"),
        ("shared/errors.py", "from shared.domain import User"),
        ("shared/caches/base.py", "from shared.settings import Settings"),
        ("shared/query/answer.py", "import openai"),
        ("shared/query/answer.py", "from azure.search.documents import SearchClient"),
        ("shared/query/answer.py", "from shared.caches.sqlite import SqliteCache"),
        ("shared/query/answer.py", "from shared.caches import sqlite"),
        ("shared/query/answer.py", "from shared.ingest import pipeline"),
        ("shared/query/answer.py", "from shared.settings import Settings"),
        ("shared/ingest/pipeline.py", "from shared.compose import open_services"),
        ("shared/ingest/pipeline.py", "from . import chunk"),
        ("shared/ingest/parse/pool.py", "import kreuzberg"),
        ("shared/ingest/parse/pdf.py", "import fastapi"),
        ("shared/auth/access.py", "import jwt"),
        ("shared/caches/sqlite.py", "from shared.query import answer"),
        ("shared/caches/sqlite.py", "from functions.api import build_api"),
        ("shared/caches/sqlite.py", "from shared.blob_stores.folder import FolderBlobStore"),
        ("shared/compose/plugs.py", "from shared.caches.sqlite import SqliteCache"),
        ("shared/services.py", "from shared.query import answer"),
        ("shared/telemetry/logs.py", "import openai"),
        ("functions/api.py", "import langchain"),
        ("functions/api.py", "from azure import identity"),
        ("functions/api.py", "from host.triggers import fire"),
        ("functions/api.py", "from shared.caches.sqlite import SqliteCache"),
        ("host/server.py", "from functions.api import build_api"),
        ("cli/main.py", "from shared.caches.sqlite import SqliteCache"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, path: str, line: str) -> None:
    plant(tmp_path, "shared/caches/sqlite.py", "")
    plant(tmp_path, "shared/ingest/pipeline.py", "")
    plant(tmp_path, path, line)
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("shared/domain/people.py", "from dataclasses import dataclass"),
        ("shared/caches/base.py", "from shared.errors import RagError"),
        ("shared/query/answer.py", "from shared.services import Services"),
        ("shared/query/answer.py", "from shared.caches.base import Cache"),
        ("shared/caches/sqlite.py", "import redis; from shared.sqlite_file import SqliteFile"),
        ("shared/caches/sqlite.py", "from shared.caches.base import Cache"),
        ("shared/compose/plugs.py", "def load():\n    from shared.caches.sqlite import SqliteCache"),
        ("shared/ingest/parse/pdf.py", "import pypdfium2"),
        ("functions/api.py", "import azure.functions as func; from fastapi import FastAPI"),
        ("host/server.py", "import function_app, uvicorn"),
    ],
)
def test_what_the_rules_allow_passes(tmp_path: Path, path: str, line: str) -> None:
    plant(tmp_path, "shared/caches/sqlite.py", "")
    plant(tmp_path, path, line)
    assert violations(tmp_path) == []


def plant(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
