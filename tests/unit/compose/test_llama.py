"""The local model's loader says in one line what is missing."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from shared.chat_models.llama import LlamaChat
from shared.compose.llama import SMALL_MODEL, open_llama, small_model
from shared.compose.plugs import import_adapters
from shared.errors import ConfigError
from shared.settings import Settings, read_settings
from tests.unit.chat_models.test_llama import Quoting


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if xllamacpp were installed: nothing of it is imported here."""
    module = ModuleType("xllamacpp")
    module.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "xllamacpp", module)


def settings(tmp_path: Path, **more: object) -> Settings:
    return read_settings(chat_model="llama", models=tmp_path, **more)


def test_without_its_runtime_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr("shared.compose.llama.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs the package xllamacpp: start with `make up MODEL=local`"):
        open_llama(settings(tmp_path), Quoting())


@pytest.mark.usefixtures("runtime")
def test_without_weights_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no language model at .*; run `make up MODEL=local`"):
        open_llama(settings(tmp_path), Quoting())
    with pytest.raises(ConfigError, match=r"no language model at /no/such\.gguf; check LOCAL_LLM_GGUF"):
        open_llama(settings(tmp_path, local_llm_gguf="/no/such.gguf"), Quoting())


@pytest.mark.usefixtures("runtime")
def test_it_is_named_by_what_it_runs(tmp_path: Path) -> None:
    small_model(settings(tmp_path)).parent.mkdir()
    small_model(settings(tmp_path)).touch()
    model = open_llama(settings(tmp_path), Quoting())
    assert isinstance(model, LlamaChat)
    assert model.name == SMALL_MODEL
    (tmp_path / "Phi-4-Q4.gguf").touch()
    assert (
        open_llama(settings(tmp_path, local_llm_gguf=tmp_path / "Phi-4-Q4.gguf"), Quoting()).name
        == "Phi-4-Q4"
    )


def test_it_is_given_more_time_than_a_remote_model_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    slow = settings(tmp_path)
    assert (slow.answer_timeout_seconds, slow.first_token_seconds, slow.rewrite) == (120, 60, "off")
    assert settings(tmp_path, first_token_seconds=5).first_token_seconds == 5
    assert read_settings(chat_model="extractive").answer_timeout_seconds == 30


def test_its_adapter_is_imported_ahead(tmp_path: Path) -> None:
    import_adapters(settings(tmp_path))
    assert "shared.chat_models.llama" in sys.modules
