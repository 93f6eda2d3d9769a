"""LangChain with Chroma. Run by `bench.peers.run_one` in its own environment.

As https://docs.langchain.com/oss/python/langchain/knowledge-base, and for files that
are no PDFs https://docs.langchain.com/oss/python/integrations/document_loaders.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

FEATURES = "vectors"
_LIMIT = 5_000  # documents a call: the store's own limit is a little above


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._store = Chroma(
            collection_name="peers",
            embedding_function=_Embeddings(embedder),
            persist_directory=str(folder / "chroma"),
        )

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        for start in range(0, len(rows), _LIMIT):
            part = rows[start : start + _LIMIT]
            documents = [Document(page_content=text, metadata={"source": name}) for name, text in part]
            self._store.add_documents(documents)

    def add_files(self, paths: list[Path]) -> list[str]:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        loaders = _loaders()
        readable = [path for path in paths if path.suffix in loaders]
        loaded = [page for path in readable for page in loaders[path.suffix](str(path)).load()]
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        self._store.add_documents([_cited(each) for each in splitter.split_documents(loaded)])
        return [path.name for path in paths if path not in readable]

    def search(self, question: str, top_k: int) -> list[str]:
        return [each.metadata["source"] for each in self._store.similarity_search(question, k=top_k)]

    def close(self) -> None:
        """It is written as it is added."""


class _Embeddings(Embeddings):
    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._embedder.embed_passages(texts)
        return found

    def embed_query(self, text: str) -> list[float]:
        found: list[float] = self._embedder.embed_query(text)
        return found


def _loaders() -> dict[str, Callable[[str], Any]]:
    """Workbooks, slides and mails are left to `unstructured`, which wants models from the network."""
    from langchain_community import document_loaders as of

    return {
        ".pdf": of.PyPDFLoader,
        ".docx": of.Docx2txtLoader,
        ".html": of.BSHTMLLoader,
        ".csv": of.CSVLoader,
        ".json": of.TextLoader,  # JSONLoader has to be told a schema
        ".md": of.TextLoader,
        ".txt": of.TextLoader,
    }


def _cited(chunk: Document) -> Document:
    """With file and page as one name; the store's metadata are flat."""
    name, page = Path(chunk.metadata["source"]).name, chunk.metadata.get("page", 0) + 1
    return Document(page_content=chunk.page_content, metadata={"source": f"{name}#{page}"})
