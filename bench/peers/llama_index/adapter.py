"""LlamaIndex with Chroma and its BM25 retriever. Run by `bench.peers.run_one` in its own environment.

As https://developers.llamaindex.ai/python/examples/retrievers/bm25_retriever/ sets up hybrid retrieval
that is kept on disk, with the reciprocal rank fusion that its fusion retriever offers. Files go through
`SimpleDirectoryReader` and the default splitter, as in its starter tutorial.
"""

from pathlib import Path
from typing import Any

import chromadb
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import BaseNode, TextNode
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.chroma import ChromaVectorStore

FEATURES = "hybrid"


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._keyword_folder = folder / "bm25"
        collection = chromadb.PersistentClient(str(folder / "chroma")).get_or_create_collection("texts")
        self._vectors = ChromaVectorStore(chroma_collection=collection)
        self._embedding = Embedding(embedder)
        self._index: VectorStoreIndex | None = None
        self._retrievers: dict[int, QueryFusionRetriever] = {}
        if self._keyword_folder.exists():
            self._index = VectorStoreIndex.from_vector_store(self._vectors, embed_model=self._embedding)
            self._keywords = BM25Retriever.from_persist_dir(str(self._keyword_folder))

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        self._add([TextNode(id_=name, text=text) for name, text in rows])

    def add_files(self, paths: list[Path]) -> list[str]:
        documents = SimpleDirectoryReader(input_files=paths).load_data()
        for document in documents:  # Chroma refuses what some readers note, such as lists of errors
            document.metadata = {
                name: it for name, it in document.metadata.items() if isinstance(it, str | int)
            }
        self._add(SentenceSplitter().get_nodes_from_documents(documents))
        read = {document.metadata["file_name"] for document in documents}
        return [path.name for path in paths if path.name not in read]

    def _add(self, nodes: list[Any]) -> None:
        storage = StorageContext.from_defaults(vector_store=self._vectors)
        self._index = VectorStoreIndex(nodes, storage_context=storage, embed_model=self._embedding)
        self._keywords = BM25Retriever.from_defaults(nodes=nodes)
        self._keywords.persist(str(self._keyword_folder))

    def search(self, question: str, top_k: int) -> list[str]:
        if top_k not in self._retrievers:
            self._retrievers[top_k] = self._retriever(top_k)
        return [_source(found.node) for found in self._retrievers[top_k].retrieve(question)]

    def _retriever(self, top_k: int) -> QueryFusionRetriever:
        assert self._index is not None
        self._keywords.similarity_top_k = min(top_k, len(self._keywords.corpus))  # it finds no more
        return QueryFusionRetriever(
            [self._index.as_retriever(similarity_top_k=top_k), self._keywords],
            llm=MockLLM(),  # with one query for each question it is not asked
            num_queries=1,
            mode="reciprocal_rerank",
            similarity_top_k=top_k,
            use_async=False,
        )

    def close(self) -> None:
        """Chroma and BM25 write as they go, and have nothing to close."""


class Embedding(BaseEmbedding):
    def __init__(self, embedder: Any) -> None:
        super().__init__()
        self._embedder = embedder

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._embedder.embed_passages(texts)
        return found

    def _get_query_embedding(self, query: str) -> list[float]:
        found: list[float] = self._embedder.embed_query(query)
        return found

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def _source(node: BaseNode) -> str:
    name = node.metadata.get("file_name")
    return f"{name}#{node.metadata.get('page_label', 1)}" if name else node.node_id
