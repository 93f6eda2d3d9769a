"""`rag config`: what holds, where it comes from, what is wrong, and that no secret is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import config
from tests.planted import planted, secrets_in


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def told(capsys: pytest.CaptureFixture[str], *, is_well: bool = True) -> dict[str, Any]:
    assert config.run(only_changed=False, as_json=True) is is_well
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    said["settings"] = {each.pop("name"): each for each in said["settings"]}
    return said


def test_each_setting_tells_its_value_and_where_it_comes_from(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("RAG_PROFILE", "azure")
    environment.setenv("RAG_CACHE", "sqlite")
    environment.setenv("AZURE_SEARCH_ENDPOINT", "https://s.search.windows.net")
    environment.setenv("AZURE_OPENAI_ENDPOINT", "https://o.openai.azure.com")
    environment.setenv("AZURE_OPENAI_CHAT_DEPLOYMENT", "chat")
    environment.setenv("AZURE_OPENAI_EMBEDDING_DEPLOYMENT", "embedding")
    environment.setenv("AZURE_KEY_VAULT_URL", "https://v.vault.azure.net")
    environment.setenv("AzureWebJobsStorage__accountName", "store")
    environment.setenv("MONGODB_URI", "secret:mongodb-uri")
    environment.setenv("RAG_TOKEN", planted("token"))
    settings = told(capsys)["settings"]
    assert settings["RAG_METADATA_STORE"] == {"value": "mongo", "source": "profile azure"}
    assert settings["RAG_CACHE"] == {"value": "sqlite", "source": "environment"}
    assert settings["RAG_MAX_TOP_K"] == {"value": "50", "source": "default"}
    assert settings["RAG_TOKEN"] == {"value": "********", "source": "environment"}
    assert settings["MONGODB_URI"] == {
        "value": "secret:mongodb-uri",
        "source": "environment, key_vault has it",
    }
    assert secrets_in(json.dumps(settings)) == []


def test_what_is_not_the_default_can_be_had_alone(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("RAG_MAX_TOP_K", "9")
    assert config.run(only_changed=True, as_json=False)
    assert "RAG_MAX_TOP_K\t9\tenvironment" in capsys.readouterr().out.splitlines()
    environment.delenv("RAG_MAX_TOP_K")
    assert config.run(only_changed=True, as_json=False)
    assert "RAG_MAX_TOP_K" not in capsys.readouterr().out


def test_names_that_are_no_settings_are_told_with_the_one_that_was_meant(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("RAG_EMBEDER", "e5")
    environment.setenv("RAG_NOTHING_LIKE_IT", "1")
    environment.setenv("MONGODB_URL", f"mongodb://{planted('mongo')}")
    said = told(capsys, is_well=False)
    assert "RAG_EMBEDER is not a setting; RAG_EMBEDDER is" in said["problems"]
    assert "RAG_NOTHING_LIKE_IT is not a setting" in said["problems"]
    assert "MONGODB_URL is read by nobody here; MONGODB_URI would be" in said["notes"]
    assert secrets_in(json.dumps(said)) == []


def test_values_that_cannot_be_are_told_and_the_rest_is_shown(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("RAG_CACHE", "memory")
    said = told(capsys, is_well=False)
    assert any(problem.startswith("RAG_CACHE: ") for problem in said["problems"])
    assert said["settings"]["RAG_MAX_TOP_K"]["value"] == "50"


def test_files_that_others_read_settings_from_are_told_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert told(capsys)["notes"] == []
    (tmp_path / "local.settings.json").write_text("{}")
    (note,) = told(capsys)["notes"]
    assert note.startswith("local.settings.json here has settings that `rag` does not read")


def test_the_model_that_was_chosen_for_the_data_folder_counts(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chosen = {"chat_model": "openai", "openai_base_url": "http://127.0.0.1:1/v1", "openai_chat_model": "m"}
    (tmp_path / ".rag").mkdir()
    (tmp_path / ".rag" / "chat-model.json").write_text(json.dumps(chosen))
    for name in ("RAG_CHAT_MODEL", "OPENAI_BASE_URL", "OPENAI_CHAT_MODEL"):
        environment.setenv(name, "")  # so that it is as it was again afterwards
        environment.delenv(name)
    assert told(capsys)["settings"]["OPENAI_CHAT_MODEL"] == {"value": "m", "source": "rag models use"}
