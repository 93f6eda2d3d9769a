"""The local embedder's engine leaves nothing behind, and has nothing to send."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stand_ins.weights import weights

__all__ = ["weights"]

ROOT = Path(__file__).parents[3]
LOAD = """
import sys
from pathlib import Path
{imports}
folder = Path(sys.argv[1])
session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
"""
OURS = "from shared.embedders.onnx_engine import onnxruntime"


def left_behind(home: Path, weights: Path, imports: str) -> list[str]:
    """What a process that loads the model has written into its home folder."""
    home.mkdir()
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    script = LOAD.format(imports=imports)
    subprocess.run([sys.executable, "-c", script, str(weights)], env=environment, check=True, cwd=home)
    return sorted(path.name for path in home.rglob("*") if path.is_file())


@pytest.mark.slow
def test_it_leaves_nothing_in_the_home_folder(tmp_path: Path, weights: Path) -> None:
    assert left_behind(tmp_path / "home", weights, OURS) == []
