"""The command line as a person meets it: one line and an exit code when a command cannot work."""

import subprocess
import sys

import pytest


def rag(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"PATH": "", **environment}, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "said", "code"),
    [
        (("ask", "Why?"), {"RAG_EMBEDDER": "bert"}, "RAG_EMBEDDER", 1),
        (("ask", "Why?", "--url", "http://127.0.0.1:1"), {"RAG_TOKEN": "t"}, "no host answers", 4),
        (("documents",), {"RAG_CREDENTIALS": "/nowhere"}, "--email, or set RAG_TOKEN", 3),
        (("documents", "retry"), {"RAG_TOKEN": "t"}, "name documents to retry", 2),
        (("ingest", "nowhere.md"), {}, "nowhere.md is not there", 1),
        (("reconcile", "--data", "/nowhere"), {"RAG_MODELS": "/nowhere"}, "no embedding model", 1),
    ],
)
def test_what_stops_a_command_is_one_line(
    arguments: tuple[str, ...], environment: dict[str, str], said: str, code: int
) -> None:
    result = rag(*arguments, **environment)
    assert result.returncode == code
    assert result.stderr.startswith("rag: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_help_names_every_command() -> None:
    told = rag("--help").stdout
    for command in ("serve", "weights", "ingest", "ask", "documents", "index", "doctor", "reconcile"):
        assert command in told
    for command in ("organisations", "users", "groups", "folders"):
        assert command in told
