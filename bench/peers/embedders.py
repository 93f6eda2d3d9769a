"""What peers embed with, behind two plain calls. Used by `bench.peers.run_one`, in a peer's environment.

`Given` looks vectors up that were computed before, so that a peer's own work is all that is timed; `Live` is
our embedder in this process, for every peer alike.
"""

import asyncio
import hashlib
import threading
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def write_given(folder: Path, what: str, vectors: Mapping[str, Sequence[float]]) -> None:
    """Under a name: `passages` or `questions`. By text."""
    np.save(folder / f"{what}.npy", np.array([list(each) for each in vectors.values()], np.float32))
    (folder / f"{what}.keys").write_bytes(b"".join(map(key, vectors)))


class Given:
    """Reads each kind when it is first asked for: who only searches holds no passages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[dict[bytes, int], Any]] = {}

    def embed_passages(self, texts: list[str]) -> list[list[float]]:
        return self._look_up("passages", texts)

    def embed_query(self, text: str) -> list[float]:
        return self._look_up("questions", [text])[0]

    def close(self) -> None:
        """Holds nothing open."""

    def _look_up(self, what: str, texts: list[str]) -> list[list[float]]:
        if what not in self._read:
            keys = (self._folder / f"{what}.keys").read_bytes()
            rows = {keys[at : at + 32]: at // 32 for at in range(0, len(keys), 32)}
            self._read[what] = (rows, np.load(self._folder / f"{what}.npy", mmap_mode="r"))
        rows, vectors = self._read[what]
        found: list[list[float]] = vectors[[rows[key(text)] for text in texts]].tolist()
        return found


class Live:
    def __init__(self, model: Path) -> None:
        from shared.embedders.onnx import OnnxEmbedder

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._embedder = OnnxEmbedder(model, threads=1)

    def embed_passages(self, texts: list[str]) -> list[list[float]]:
        return [list(each) for each in self._wait(self._embedder.embed_passages(texts))]

    def embed_query(self, text: str) -> list[float]:
        return list(self._wait(self._embedder.embed_query(text)))

    def close(self) -> None:
        self._wait(self._embedder.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
