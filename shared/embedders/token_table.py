"""`TokenTable`: the embeddings of single tokens. Written by cli.weights, read by shared.embedders.onnx_model.

The multilingual one has 97 MB, of which a text needs some hundred rows. They are read from the file each
time: the system gives those of 250 tokens in 0.5 ms, and nearly all of a mapped file would count as ours.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE_FILE = "tokens.bin"


def row_type(width: int) -> np.dtype[np.void]:
    """A row of the file: an embedding is its values times its scale."""
    return np.dtype([("scale", "<f4"), ("values", "i1", (width,))])


class TokenTable:
    def __init__(self, file: Path, width: int) -> None:
        self._row = row_type(width)
        self._file = file.open("rb", buffering=0)

    def close(self) -> None:
        self._file.close()

    def embeddings(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """(…) to (…, width). Errors: `OSError`."""
        unique, places = np.unique(ids.ravel(), return_inverse=True)
        rows = np.frombuffer(b"".join(map(self._read, unique.tolist())), self._row)
        embeddings: NDArray[np.float32] = rows["values"] * rows["scale"][:, np.newaxis]
        return embeddings[places].reshape(*ids.shape, -1)

    def _read(self, token: int) -> bytes:
        self._file.seek(token * self._row.itemsize)
        return self._file.read(self._row.itemsize)
