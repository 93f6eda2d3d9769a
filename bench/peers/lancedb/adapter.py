"""LanceDB: https://docs.lancedb.com/search/hybrid-search, with its default fusion of ranks. Used by
`bench.peers.run_one`. It has neither loaders nor a splitter."""

from pathlib import Path
from typing import Any

import lancedb

FEATURES = "hybrid"


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._embedder = embedder
        self._database = lancedb.connect(folder / "lancedb")
        names = self._database.table_names()
        self._table = self._database.open_table("texts") if "texts" in names else None

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        vectors = self._embedder.embed_passages([text for _, text in rows])
        table = self._database.create_table(
            "texts",
            [
                {"id": name, "text": text, "vector": vector}
                for (name, text), vector in zip(rows, vectors, strict=True)
            ],
        )
        table.create_fts_index("text")
        self._table = table

    def add_files(self, paths: list[Path]) -> list[str]:
        return [path.name for path in paths]

    def search(self, question: str, top_k: int) -> list[str]:
        assert self._table is not None
        query = self._table.search(query_type="hybrid").vector(self._embedder.embed_query(question))
        return [row["id"] for row in query.text(question).limit(top_k).to_list()]

    def close(self) -> None:
        """It is written as it is added."""
