"""Answers that were given before. Called by query.answer, and by its ladder when no model can be asked.

An answer is found again by exactly what was asked of which model: the prompt, which holds the question, the
conversation, the passages and the instructions; the passages' chunks, which name document and version; the
index; and the rights by which the passages were opened. Retrieval and authorisation come first, each time:
an un-share, a deletion or a new version changes what is asked, and so nothing old can be found.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.caches.base import Cache
from shared.domain import CacheOutcome, Document, DocumentStatus, Passage, Prompt, Usage
from shared.metadata_stores.base import DocumentStore
from shared.query import cite
from shared.query.flights import Reply

_as_json = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make one for each call


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a model is asked, on whose rights."""

    prompt: Prompt
    index: str
    model: str

    @cached_property
    def key(self) -> str:
        passages = [(passage.chunk.id, sorted(passage.rights)) for passage in self.prompt.passages]
        messages = [(message.role, _sha256(message.content)) for message in self.prompt.messages]
        return "answer:" + _digest(self.index, self.model, self.prompt.max_tokens, passages, messages)

    @property
    def loose_key(self) -> str:
        """The same question in the same conversation, whatever is found for it by now."""
        talk = [(message.role, message.content) for message in self.prompt.messages[1:]]
        return "answer-to:" + _digest(self.index, self.model, self.prompt.question, talk, sorted(self.rights))

    @property
    def rights(self) -> frozenset[str]:
        """By which the passages were opened."""
        return frozenset[str]().union(*(passage.rights for passage in self.prompt.passages))


@dataclass(frozen=True, kw_only=True)
class _Entry:
    text: str
    model: str
    usage: Usage
    chunks: dict[int, str]  # marker: chunk id
    documents: dict[str, int]  # id: version

    def packed(self) -> bytes:
        return json.dumps(vars(self) | {"usage": vars(self.usage)}).encode()

    @classmethod
    def unpacked(cls, value: bytes | None) -> "_Entry | None":
        """None also for what another release has written."""
        try:
            entry = json.loads(value or b"null")
            return cls(
                text=str(entry["text"]),
                model=str(entry["model"]),
                usage=Usage(**entry["usage"]),
                chunks={int(marker): str(chunk) for marker, chunk in entry["chunks"].items()},
                documents={str(name): int(version) for name, version in entry["documents"].items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


class AnswerCache:
    """`ttl` in seconds; 0 remembers nothing. The cache stays its owner's to close."""

    def __init__(self, cache: Cache, ttl: float) -> None:
        self._cache = cache
        self._ttl = ttl

    @property
    def outcome_of_none(self) -> CacheOutcome:
        """What it is called when nothing is remembered."""
        return "miss" if self._ttl else "off"

    async def get(self, asked: Asked) -> Reply | None:
        entry = await self._entry(asked.key)
        return None if entry is None else Reply(text=entry.text, model=entry.model, usage=entry.usage)

    async def keep(self, asked: Asked, reply: Reply) -> None:
        """Not what stands in for a better answer."""
        if not self._ttl or reply.degraded is not None:
            return
        passages = asked.prompt.passages
        entry = _Entry(
            text=reply.text,
            model=reply.model,
            usage=reply.usage,
            chunks={passage.marker: passage.chunk.id for passage in passages},
            documents={passage.chunk.document_id: passage.chunk.version for passage in passages},
        ).packed()
        await self._cache.set_many({asked.key: entry, asked.loose_key: entry}, ttl=self._ttl)

    async def still_true(self, asked: Asked, metadata: DocumentStore) -> Reply | None:
        """An earlier answer to the question, whole, for when no model can be asked.

        Only if every document that it was made from still shows that version to those rights, and the
        passages that it cites are found again; they may have other numbers by now.
        Errors: `BackendUnavailable`.
        """
        entry = await self._entry(asked.loose_key)
        text = None if entry is None else _renumbered(entry, asked.prompt.passages)
        if entry is None or text is None:
            return None
        documents = await metadata.documents(list(entry.documents))
        is_same = all(
            _shows(documents.get(document_id), version, asked)
            for document_id, version in entry.documents.items()
        )
        return Reply(text=text, model=entry.model) if is_same else None

    async def _entry(self, key: str) -> _Entry | None:
        return _Entry.unpacked(await self._cache.get(key)) if self._ttl else None


def _shows(document: Document | None, version: int, asked: Asked) -> bool:
    return (
        document is not None
        and document.status is not DocumentStatus.DELETED
        and document.version_in(asked.index) == version
        and not document.readers.isdisjoint(asked.rights)
    )


def _renumbered(entry: _Entry, passages: Sequence[Passage]) -> str | None:
    """The text with today's markers; None if it cites nothing, or what is not found today."""
    today = {passage.chunk.id: passage.marker for passage in passages}
    cited = cite.markers(entry.text)
    now = {marker: today[entry.chunks[marker]] for marker in cited if entry.chunks.get(marker) in today}
    return cite.renumbered(entry.text, now) if cited and len(now) == len(cited) else None


def _digest(*parts: object) -> str:
    return _sha256(_as_json(parts))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
