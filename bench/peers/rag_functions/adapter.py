"""RAG Functions as a peer. `python -m bench.peers` runs it in the project's own environment.

Texts are chunked as ingestion does and written to the embedded index; files go through the whole pipeline,
blob store, parser processes and metadata store included. Questions go through `query.retrieve` with its check
of who may read what.
"""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench.ingest_corpus import in_parallel
from host.options import read_host_json
from shared.domain import (
    EVERYONE,
    Chunk,
    Document,
    DocumentStatus,
    Embedding,
    IndexedChunk,
    IndexVersion,
    ParsedDocument,
    ParsedPage,
    Passage,
    Principal,
    Question,
)
from shared.embedders.base import Embedder
from shared.ingest import pipeline
from shared.ingest.chunk import chunk
from shared.ingest.documents import document_id
from shared.metadata_stores.base import MetadataStore
from shared.query import retrieve
from shared.services import Services
from shared.shelf import OpenIndex

FEATURES = "hybrid"
_ROOT = Path(__file__).parents[3]
_DIMENSION = 384
_BATCH = 256  # chunks
_PASSAGES = 2  # that are asked for each text that is wanted: two may be of one
_READER = Principal(user_id="peer", email="peer@example.org")
_UPLOADS = "uploads/shared"


def chunks_of(name: str, text: str) -> list[Chunk]:
    """A text's first line is its title."""
    title, _, body = text.partition("\n")
    parsed = ParsedDocument(title=title, pages=(ParsedPage(number=1, text=body),))
    return chunk(parsed, document_id=document_id(name), version=1)


class Peer:
    def __init__(self, folder: Path, embedder: Any) -> None:
        self._folder = folder
        self._embedder = embedder
        self._texts: Texts | None = None
        self._services: Services | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        if (folder / _UPLOADS).exists():
            self._services = self._wait(_open(folder))
        elif (folder / "titles.json").exists():
            self._texts = Texts(folder, embedder)

    def add_texts(self, rows: list[tuple[str, str]]) -> None:
        titles = {name: text.partition("\n")[0] for name, text in rows}
        (self._folder / "titles.json").write_text(json.dumps(titles), "utf-8")
        self._texts = Texts(self._folder, self._embedder)
        self._wait(self._texts.write(each for row in rows for each in chunks_of(*row)))

    def add_files(self, paths: list[Path]) -> list[str]:
        uploads = self._folder / _UPLOADS
        uploads.mkdir(parents=True)
        for path in paths:
            (uploads / path.name).write_bytes(path.read_bytes())
        self._services = self._wait(_open(self._folder))
        ingested = self._wait(_ingest([path.name for path in paths], self._services))
        return [path.name for path in paths if path.name not in ingested]

    def search(self, question: str, top_k: int) -> list[str]:
        if self._texts is not None:
            return self._wait(self._texts.search(question, top_k))
        assert self._services is not None
        return self._wait(_search(question, top_k, self._services))

    def close(self) -> None:
        for opened in (self._texts, self._services):
            if opened is not None:
                self._wait(opened.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class Texts:
    """The embedded index alone, with documents that everybody may read."""

    def __init__(self, folder: Path, embedder: Any) -> None:
        from shared.search_indexes.embedded import EmbeddedSearchIndex

        version = IndexVersion(
            name="texts",
            base="texts",
            number=1,
            embedder="given",
            dimension=_DIMENSION,
            chunk_chars=900,
            chunk_overlap=120,
            created_at=0.0,
        )
        self._index = OpenIndex(
            version=version,
            search_index=EmbeddedSearchIndex(folder, version.name, _DIMENSION),
            embedder=cast("Embedder", _Given(embedder)),
        )
        titles = json.loads((folder / "titles.json").read_text("utf-8"))
        self._documents = {document_id(name): _document(name, titles[name], version.name) for name in titles}

    async def write(self, chunks: Iterable[Chunk]) -> None:
        waiting = list(chunks)
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            embeddings = await self._index.embedder.embed_passages([each.embedding_text for each in batch])
            readers = frozenset({EVERYONE})
            await self._index.search_index.write(
                [
                    IndexedChunk(chunk=each, embedding=embedding, readers=readers)
                    for each, embedding in zip(batch, embeddings, strict=True)
                ]
            )

    async def search(self, question: str, top_k: int) -> list[str]:
        found = await retrieve.search(
            Question(text=question, top_k=_PASSAGES * top_k),
            _READER,
            index=self._index,
            metadata=cast("MetadataStore", self),
            timeout=600,
        )
        names = (self._documents[each.chunk.document_id].name for each in found.passages)
        return list(dict.fromkeys(names))[:top_k]

    async def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """As the metadata store would say."""
        return {each: self._documents[each] for each in ids}

    async def close(self) -> None:
        await self._index.search_index.close()


class _Given:
    """The peers' embedder as ours."""

    name = "given"

    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        del urgent
        found: list[Embedding] = self._embedder.embed_passages(list(texts))
        return found

    async def embed_query(self, text: str) -> Embedding:
        found: Embedding = self._embedder.embed_query(text)
        return found


def _document(name: str, title: str, index: str) -> Document:
    return Document(
        id=document_id(name),
        name=name,
        owner_id=None,
        readers=frozenset({EVERYONE}),
        status=DocumentStatus.INDEXED,
        current_version=1,
        title=title,
        held=((index, 1),),
    )


async def _open(folder: Path) -> Services:
    from shared.compose import open_services
    from shared.settings import read_settings

    models = _ROOT / ".cache" / "models"
    settings = read_settings(data=folder, embedder="minilm", models=models, embedder_threads=1)
    return await open_services(settings)


async def _ingest(names: Sequence[str], services: Services) -> set[str]:
    """Those that are searchable then."""
    at_once = read_host_json(_ROOT / "host.json").queues.batch_size
    ingest = partial(pipeline.ingest, services=services)
    await in_parallel((ingest(f"shared/{name}") for name in names), at_once)
    known = [document async for document in services.metadata.every_document()]
    return {Path(each.name).name for each in known if each.status is DocumentStatus.INDEXED}


async def _search(question: str, top_k: int, services: Services) -> list[str]:
    found = await retrieve.search(
        Question(text=question, top_k=top_k),
        _READER,
        index=await services.shelf.live(),
        metadata=services.metadata,
        timeout=600,
        neighbours=services.limits.neighbours,
        reranker=services.reranker,
    )
    return [_source(passage) for passage in found.passages]


def _source(passage: Passage) -> str:
    return f"{Path(passage.document_name).name}#{passage.chunk.page}"
