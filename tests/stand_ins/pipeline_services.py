"""Services for pipeline tests: the real embedded stores and index, a hashing embedder, parsing in-process."""

from pathlib import Path
from typing import Any

from shared.blob_stores.folder import FolderBlobStore
from shared.caches.sqlite import SqliteCache
from shared.chat_models.extractive import ExtractiveChatModel
from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.event_queues.sqlite import SqliteEventQueue
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.secret_stores.local import LocalSecrets
from shared.services import Limits, Services
from tests.stand_ins.hashing_embedder import DIMENSION, HashingEmbedder


class PlainParser:
    """Pages are separated by form feeds; a file that says BROKEN can never be parsed."""

    async def parse(self, path: Path, name: str) -> ParsedDocument:
        text = path.read_text()
        if "BROKEN" in text:
            raise DocumentRejected("broken on purpose")
        pages = tuple(ParsedPage(number=n, text=page) for n, page in enumerate(text.split("\f"), start=1))
        return ParsedDocument(title=Path(name).stem, pages=pages)

    async def close(self) -> None:
        pass


def pipeline_services(folder: Path, **changes: Any) -> Services:
    embedder = HashingEmbedder()
    extractive = ExtractiveChatModel(embedder)
    parts: dict[str, Any] = {
        "search_index": EmbeddedSearchIndex(folder / "index", "documents", DIMENSION),
        "embedder": embedder,
        "chat_model": extractive,
        "fallback_chat_model": extractive,
        "metadata": SqliteMetadataStore(folder / "metadata.db"),
        "blobs": FolderBlobStore(folder / "uploads"),
        "queue": SqliteEventQueue(folder / "queue.db"),
        "cache": SqliteCache(folder / "cache.db", 1_000_000),
        "secrets": LocalSecrets(folder / "secrets", {}),
        "parsers": PlainParser(),
        "access_tokens": None,
        "passwords": None,
        "count_tokens": len,
        "limits": Limits(),
        "embed_batch": 4,
    }
    return Services(**(parts | changes))
