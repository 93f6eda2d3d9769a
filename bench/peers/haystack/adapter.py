"""Haystack with its in-memory store. Run by `bench.peers.run_one` in its own environment.

As https://haystack.deepset.ai/tutorials/33_hybrid_retrieval sets up hybrid retrieval. The tutorial ends in a
cross-encoder that is downloaded, so here the joiner ranks, by the fusion that it offers for that. Files go
through https://docs.haystack.deepset.ai/docs/multifileconverter and the preprocessor that its page shows.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from haystack import Document, Pipeline, component
from haystack.components.converters import MultiFileConverter
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentPreprocessor
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore

FEATURES = "hybrid"


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._file = folder / "store.json"
        self._embedder = embedder
        if self._file.exists():
            self._store = InMemoryDocumentStore.load_from_disk(str(self._file))
        else:
            self._store = InMemoryDocumentStore()
        self._retrieval = self._retrieval_pipeline()

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        indexing = self._indexing_pipeline()
        documents = [Document(id=name, content=text) for name, text in rows]
        indexing.run({"embedder": {"documents": documents}})
        self._store.save_to_disk(str(self._file))

    def add_files(self, paths: list[Path]) -> list[str]:
        indexing = self._indexing_pipeline()
        indexing.add_component("converter", MultiFileConverter())
        indexing.add_component("preprocessor", DocumentPreprocessor())
        indexing.connect("converter.documents", "preprocessor.documents")
        indexing.connect("preprocessor.documents", "embedder.documents")
        indexing.run({"converter": {"sources": paths}})
        self._store.save_to_disk(str(self._file))
        read = {document.meta["file_path"] for document in self._store.filter_documents()}
        return [path.name for path in paths if path.name not in read]

    def search(self, question: str, top_k: int) -> list[str]:
        answer = self._retrieval.run(
            {
                "embedder": {"text": question},
                "vectors": {"top_k": top_k},
                "keywords": {"query": question, "top_k": top_k},
                "joiner": {"top_k": top_k},
            }
        )
        return [_source(document) for document in answer["joiner"]["documents"]]

    def close(self) -> None:
        self._store.shutdown()

    def _indexing_pipeline(self) -> Pipeline:
        pipeline = Pipeline()
        pipeline.add_component("embedder", DocumentEmbedder(self._embedder))
        pipeline.add_component("writer", DocumentWriter(self._store))
        pipeline.connect("embedder.documents", "writer.documents")
        return pipeline

    def _retrieval_pipeline(self) -> Pipeline:
        pipeline = Pipeline()
        pipeline.add_component("embedder", TextEmbedder(self._embedder))
        pipeline.add_component("vectors", InMemoryEmbeddingRetriever(self._store))
        pipeline.add_component("keywords", InMemoryBM25Retriever(self._store))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("embedder.embedding", "vectors.query_embedding")
        pipeline.connect("vectors", "joiner")
        pipeline.connect("keywords", "joiner")
        return pipeline


@component
class DocumentEmbedder:
    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        vectors = self._embedder.embed_passages([document.content or "" for document in documents])
        pairs = zip(documents, vectors, strict=True)
        return {"documents": [replace(document, embedding=vector) for document, vector in pairs]}


@component
class TextEmbedder:
    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        return {"embedding": self._embedder.embed_query(text)}


def _source(document: Document) -> str:
    name = document.meta.get("file_path")
    return f"{name}#{document.meta.get('page_number', 1)}" if name else document.id
