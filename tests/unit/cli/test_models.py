"""Which model writes the answers: asked once, kept in the data folder, changed by naming another."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli import models
from cli.errors import CommandError
from cli.model_servers import USUAL, ModelServer
from shared.settings import read_settings

OLLAMA = ModelServer(name="Ollama", url=USUAL["ollama"], models=("llama3.1", "qwen2.5"))
VLLM = ModelServer(name="vLLM", url=USUAL["vllm"], models=("Qwen/Qwen3-8B",))
BY_OLLAMA = {"chat_model": "openai", "openai_base_url": USUAL["ollama"], "openai_chat_model": "llama3.1"}
MINE = ModelServer(name="Mine", url="http://127.0.0.1:9000/v1", models=("a", "b"))


def running(*servers: ModelServer):
    def look(urls: Sequence[str]) -> list[ModelServer]:
        return [server for server in servers if server.url in urls]

    return look


def kept(data: Path) -> dict[str, str]:
    return json.loads((data / "chat-model.json").read_text())


def test_a_server_that_is_agreed_to_is_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def agree(question: str) -> bool:
        asked.append(question)
        return True

    assert models.ask(tmp_path, [OLLAMA, VLLM], agree=agree) == BY_OLLAMA
    assert asked[0].startswith("Ollama with llama3.1 runs here")
    assert asked[0].endswith("Let it write the answers?")
    assert models.chosen_before(tmp_path) == kept(tmp_path) == BY_OLLAMA


def test_a_refusal_is_kept_too(tmp_path: Path) -> None:
    models.ask(tmp_path, [OLLAMA], agree=lambda question: False)
    assert models.chosen_before(tmp_path) == {"chat_model": "extractive"}


def test_where_nothing_runs_nobody_is_asked(tmp_path: Path) -> None:
    def agree(question: str) -> bool:
        raise AssertionError(question)

    assert models.ask(tmp_path, [], agree=agree) == {}
    assert models.chosen_before(tmp_path) is None


@pytest.mark.parametrize(
    ("named", "servers", "chosen"),
    [
        (
            "local",
            (VLLM, OLLAMA),
            BY_OLLAMA | {"openai_base_url": VLLM.url, "openai_chat_model": VLLM.models[0]},
        ),
        ("local", (), {"chat_model": "llama"}),
        ("local", (MINE,), {"chat_model": "llama"}),
        ("ollama", (OLLAMA,), BY_OLLAMA),
        ("ollama:llama3.1", (OLLAMA, VLLM), BY_OLLAMA),
        ("ollama:qwen2.5", (OLLAMA,), BY_OLLAMA | {"openai_chat_model": "qwen2.5"}),
        ("http://127.0.0.1:11434", (OLLAMA,), BY_OLLAMA),
        (
            "http://127.0.0.1:9000/v1#b",
            (MINE,),
            {"chat_model": "openai", "openai_base_url": MINE.url, "openai_chat_model": "b"},
        ),
    ],
)
def test_a_name_stands_for_a_model(
    tmp_path: Path, named: str, servers: tuple, chosen: dict[str, str]
) -> None:
    assert models.remember(tmp_path / "new", named, look=running(*servers)) == chosen
    assert kept(tmp_path / "new") == chosen


def test_a_file_is_a_model_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").touch()
    chosen = models.remember(tmp_path, str(tmp_path / "own.gguf"))
    assert chosen == {"chat_model": "llama", "local_llm_gguf": str((tmp_path / "own.gguf").resolve())}


def test_extractive_forgets_what_was_chosen(tmp_path: Path) -> None:
    models.remember(tmp_path, "ollama", look=running(OLLAMA))
    assert models.remember(tmp_path, "extractive") == {"chat_model": "extractive"}
    assert models.chosen_before(tmp_path) is None


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("ollama:gpt-oss", "Ollama has no model gpt-oss; it has llama3.1, qwen2.5"),
        ("lmstudio", "no server of language models answers at http://127.0.0.1:1234/v1"),
        ("http://models.example.com/v1", "for a server elsewhere set RAG_CHAT_MODEL=openai"),
        ("gpt-4o", "gpt-4o is no model here"),
    ],
)
def test_what_is_not_here_is_told(tmp_path: Path, named: str, why: str) -> None:
    with pytest.raises(CommandError, match=why.replace("(", r"\(")):
        models.remember(tmp_path, named, look=running(OLLAMA))
    assert models.chosen_before(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"openai_chat_model": "x"}', '{"chat_model": "openai", "token": "x"}']
)
def test_what_cannot_be_read_is_no_choice(tmp_path: Path, content: str) -> None:
    (tmp_path / "chat-model.json").write_text(content)
    assert models.chosen_before(tmp_path) is None


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What a process was set to; somebody sits at a terminal, and Ollama runs."""
    seen: list[dict[str, str]] = []
    monkeypatch.delenv("RAG_CHAT_MODEL", raising=False)
    monkeypatch.setattr(models, "_use", seen.append)
    monkeypatch.setattr(models, "may_ask", lambda: True)

    async def find() -> list[ModelServer]:
        return [OLLAMA]

    monkeypatch.setattr(models, "find", find)
    monkeypatch.setattr(models, "_confirm", lambda question: True)
    return seen


def test_it_is_asked_once(tmp_path: Path, used: list[dict[str, str]], monkeypatch) -> None:
    models.choose(read_settings(data=tmp_path), named=None, asks=True)
    monkeypatch.setattr(models, "_confirm", None)  # whoever calls it fails
    models.choose(read_settings(data=tmp_path), named=None, asks=True)
    assert used == [BY_OLLAMA, BY_OLLAMA]


def test_what_was_chosen_holds_without_asking_too(tmp_path: Path, used: list[dict[str, str]]) -> None:
    models.choose(read_settings(data=tmp_path), named=None, asks=False)
    models.remember(tmp_path, "ollama", look=running(OLLAMA))
    models.choose(read_settings(data=tmp_path), named=None, asks=False)
    assert used == [BY_OLLAMA]


def test_nobody_is_asked_where_nobody_sits(tmp_path: Path, used: list[dict[str, str]], monkeypatch) -> None:
    monkeypatch.setattr(models, "may_ask", lambda: False)
    models.choose(read_settings(data=tmp_path), named=None, asks=True)
    assert used == []


def test_the_environment_goes_before_what_was_chosen(
    tmp_path: Path, used: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    models.remember(tmp_path, "ollama", look=running(OLLAMA))
    other = read_settings(data=tmp_path, chat_model="langchain:openai:gpt-4.1")  # as a profile may say
    models.choose(other, named=None, asks=True)
    monkeypatch.setenv("RAG_CHAT_MODEL", "extractive")
    models.choose(read_settings(data=tmp_path), named=None, asks=True)
    assert used == []


def test_commands_that_only_look_go_by_what_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_DATA", str(tmp_path))
    for name in ("RAG_CHAT_MODEL", "OPENAI_BASE_URL", "OPENAI_CHAT_MODEL"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    models.use_chosen()
    assert read_settings().chat_model == "extractive"
    models.remember(tmp_path, "ollama", look=running(OLLAMA))
    models.use_chosen()
    settings = read_settings()
    assert (settings.chat_model, settings.openai_base_url) == ("openai", OLLAMA.url)
    assert settings.openai_chat_model == "llama3.1"


def test_a_pipe_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not models.may_ask()
