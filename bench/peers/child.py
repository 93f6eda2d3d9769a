"""Starts one step of one peer, and ends it. Used by `python -m bench.peers`."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.peers.memory import tree_bytes

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent
ENVIRONMENTS = ROOT / ".cache" / "peers"
OURS = "rag_functions"
_ENVIRONMENT = {
    # One thread for arithmetic, as a server wants it; nothing is asked of the network.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    peer: str
    step: Literal["fill", "search"]
    folder: str
    questions: list[str]
    rows_file: str = ""  # JSON lines of [id, text]
    files: list[str] = field(default_factory=list)
    vectors: str = ""  # a folder of `embedders.Given`; empty: embed live with `model`
    model: str = ""
    top_k: int = 10
    clients: int = 0  # that ask at the same time, after one that asks alone


def known_peers() -> list[str]:
    """Ours first."""
    others = {path.parent.name for path in PEERS.glob("*/adapter.py")} - {OURS}
    return [OURS, *sorted(others)]


def python_of(peer: str) -> Path:
    return Path(sys.executable) if peer == OURS else ENVIRONMENTS / peer / "bin" / "python"


def install(peer: str) -> None:
    """Into its own environment. The requirements name everything, so that nothing else comes along."""
    if peer == OURS:
        return
    python = python_of(peer)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    requirements = PEERS / peer / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", requirements], check=True)


def run(job: Job, *, seconds: float) -> dict[str, Any]:
    """What it measured, with the peak of its memory, or its `error`."""
    with tempfile.TemporaryDirectory() as scratch:
        job_file, errors = Path(scratch, "job.json"), Path(scratch, "errors")
        job_file.write_text(json.dumps(asdict(job)), "utf-8")
        with errors.open("wb") as error_file, Path(scratch, "output").open("w+b") as output:
            begun = time.monotonic()
            command = [python_of(job.peer), "-m", "bench.peers.run_one", job_file, str(begun)]
            process = subprocess.Popen(
                command,
                cwd=scratch,
                env=os.environ | _ENVIRONMENT,
                stdout=output,
                stderr=error_file,
                start_new_session=True,
            )
            peak = 0
            try:
                while process.poll() is None and time.monotonic() - begun < seconds:
                    peak = max(peak, tree_bytes(process.pid))
                    time.sleep(0.1)
                is_late = process.returncode is None
            finally:
                end(process)
            output.seek(0)
            lines = output.read().decode("utf-8", "replace").splitlines()
        if is_late:
            return {"error": f"took longer than {seconds:.0f} s"}
        if process.returncode:
            said = errors.read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
            return {"error": f"ended with {process.returncode}: {said[-1][:200]}"}
    figures: dict[str, Any] = json.loads(lines[-1])
    return figures | {"peak_bytes": peak, "disk_bytes": disk_bytes(Path(job.folder))}


def end(process: subprocess.Popen[bytes]) -> None:
    """With what it started itself."""
    with suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def disk_bytes(folder: Path) -> int:
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*") if path.is_file())
