"""The peers of `python -m bench.peers`: all are described, and those that are installed answer."""

import json
import re
from pathlib import Path

import pytest

from bench.peers import child
from bench.peers.embedders import write_given

OTHERS = [peer for peer in child.known_peers() if peer != child.OURS]
TEXTS = {"d1": "Rain\nIt falls on Mondays.", "d2": "Salt\nIt comes from the sea.", "d3": "Wind\nIt is loud."}
QUESTIONS = {"Where does salt come from?": "d2", "How loud is the wind?": "d3"}


@pytest.mark.parametrize("peer", OTHERS)
def test_an_environment_is_the_same_tomorrow(peer: str) -> None:
    lines = (child.PEERS / peer / "requirements.txt").read_text("utf-8").splitlines()
    named = [line for line in lines if not line.startswith(("#", " "))]  # their hashes are indented
    assert named
    assert [line for line in named if not re.fullmatch(r"[\w.-]+==[\w.]+ \\", line)] == []
    # What the embedder needs, which all of them run in their own process.
    assert {"numpy", "onnxruntime", "tokenizers"} <= {line.partition("==")[0] for line in named}


@pytest.mark.slow
@pytest.mark.parametrize("peer", OTHERS)
def test_an_installed_peer_finds_what_another_process_added(peer: str, tmp_path: Path) -> None:
    if not child.python_of(peer).exists():
        pytest.skip(f"not installed: python -m bench.peers --install --peers {peer}")
    given, folder = tmp_path / "given", tmp_path / "index"
    given.mkdir()
    folder.mkdir()
    vectors = {name: [float(place == at) for place in range(384)] for at, name in enumerate(TEXTS)}
    write_given(given, "passages", {text: vectors[name] for name, text in TEXTS.items()})
    write_given(given, "questions", {question: vectors[name] for question, name in QUESTIONS.items()})
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join(map(json.dumps, TEXTS.items())), "utf-8")
    for step in ("fill", "search"):
        job = child.Job(
            peer=peer,
            step=step,
            folder=str(folder),
            questions=list(QUESTIONS),
            rows_file=str(rows),
            vectors=str(given),
            top_k=2,
            clients=2,
        )
        found = child.run(job, seconds=120)
        assert "error" not in found
    assert [ranking[0] for ranking in found["rankings"]] == list(QUESTIONS.values())
    assert found["features"] in {"hybrid", "vectors"}
