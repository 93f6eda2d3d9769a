"""txtai. Run by `bench.peers.run_one` in its own environment.

As https://github.com/neuml/txtai/blob/master/examples/rag_quickstart.py sets it up, with the hybrid index of
https://neuml.github.io/txtai/embeddings/configuration/general/ and vectors from outside
(https://neuml.github.io/txtai/embeddings/configuration/vectors/). Files go through its `Textractor`, cut at
sections. Of its backends only LiteParse runs without a download, on PDFs; office files are for the others.
An index is for one thread at a time: its own API searches under a lock, and so do clients here.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from liteparse import LiteParse
from txtai import Embeddings
from txtai.pipeline import Textractor

FEATURES = "hybrid"
_OFFICE = {".docx", ".pptx", ".xlsx"}


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._index_folder = str(folder / "index")
        self._embedder = embedder
        self._is_adding = False
        self._turn = Lock()

        def transform(texts: list[str]) -> Any:  # it takes a function for one, but a method for a factory
            return self._embed(texts)

        vectors = {"method": "external", "transform": transform}
        self._embeddings = Embeddings(content=True, hybrid=True, **vectors)
        if self._embeddings.exists(self._index_folder):
            self._embeddings.load(self._index_folder, config=vectors)

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        self._is_adding = True
        self._embeddings.index(rows)
        self._embeddings.save(self._index_folder)
        self._is_adding = False

    def add_files(self, paths: list[Path]) -> list[str]:
        readable = [path for path in paths if path.suffix not in _OFFICE]
        self.add_texts([row for path in readable for row in _sections(path)])
        return [path.name for path in paths if path not in readable]

    def search(self, question: str, top_k: int) -> list[str]:
        with self._turn:
            found = self._embeddings.search(question, top_k)
        return [row["id"].partition("\t")[0] for row in found]

    def close(self) -> None:
        self._embeddings.close()

    def _embed(self, texts: list[str]) -> Any:
        if self._is_adding:
            return np.array(self._embedder.embed_passages(texts), np.float32)
        return np.array([self._embedder.embed_query(text) for text in texts], np.float32)


def _sections(path: Path) -> Iterator[tuple[str, str]]:
    """Of a PDF those are its pages, of anything else parts of its first. Each needs an id of its own."""
    is_pdf = path.suffix == ".pdf"
    textractor = Textractor(backend="liteparse" if is_pdf else None, sections=True)
    if is_pdf:  # with text in it, but the backend would have some pages read by a model that it downloads
        textractor.html.backend.liteparse = LiteParse(output_format="markdown", ocr_enabled=False, quiet=True)
    for number, section in enumerate(textractor(str(path)), 1):
        yield f"{path.name}#{number if is_pdf else 1}\t{number}", section
