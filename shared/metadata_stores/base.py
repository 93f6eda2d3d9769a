"""The `MetadataStore` protocol: the authority on documents, users and conversations.

Every method is one atomic operation, safe among threads, processes and machines; none needs a
transaction around it. Errors: `BackendUnavailable`; `InvalidRequest` for text that is not valid Unicode.
Ids and names are plain strings and are never interpreted.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from shared.domain import (
    BlobProperties,
    Document,
    DocumentStatus,
    Filters,
    IndexVersion,
    PageKind,
    Standing,
)
from shared.metadata_stores.base_conversations import ConversationStore
from shared.metadata_stores.base_people import PeopleStore, UserStore
from shared.metadata_stores.base_sessions import PersonalTokenStore, SessionStore
from shared.metadata_stores.base_usage import UsageStore


class DocumentStore(Protocol):
    """Documents. `version` fences: a writer whose version is no longer the claimed one changes nothing."""

    async def announce(self, document: Document, *, etag: str) -> Document:
        """There is a blob with this etag, to be ingested.

        A new document is inserted as given, with etag None. An existing one becomes queued with the
        given size and without its old reason, unless its claimed etag is this very one: then nothing
        changes (the trigger was faster). A tombstone comes back to life: owner, readers, tags, created_at
        as given, versions kept. Returns what is stored then.
        """

    async def claim(self, document_id: str, blob: BlobProperties, *, now: float) -> Document | None:
        """Start work on this state of the blob; None for an unknown document or a tombstone.
        Another etag than the claimed one gets the next `claimed_version` and status parsing; the same
        etag keeps its version, so that a retry continues, and, if indexed or failed, its status, so
        that a doubled event does nothing. `requeue` makes the next claim count as another etag.
        """

    async def set_status(
        self, document_id: str, version: int, status: DocumentStatus, *, reason: str | None, now: float
    ) -> bool:
        """Only while `version` is the claimed one (0: never claimed yet), not indexed and not failed; whether
        it was. What has failed stays so until `requeue` or another etag: a twin that works on the same
        version must not publish what was rejected and is being removed.
        """

    async def publish(
        self,
        document_id: str,
        version: int,
        *,
        index: str,
        content_hash: str,
        title: str,
        pages: int,
        page_kind: PageKind,
        chunks: int,
        timings: tuple[tuple[str, float], ...],
        now: float,
    ) -> bool:
        """The flip: `current_version` becomes `version`, status indexed, only while it is the claimed one
        and not failed. Queries of `index` see it from here on; those of other indexes what they saw.
        With `version` already current (unchanged content under a new etag) it is refreshed.
        """

    async def hold(self, document_id: str, version: int, *, index: str) -> bool:
        """The same for another index, which now has the current version too. False, and nothing changed,
        unless `version` is the current one."""

    async def forget_index(self, index: str) -> None:
        """An index is gone: no document names it any more."""

    async def park(self, document_id: str, *, reason: str, event: str, now: float) -> bool:
        """Status failed, with the queue message that led to it, unless indexed, failed or a tombstone.
        `requeue`, another etag and `publish` forget the message."""

    async def reject(self, document_id: str, version: int, *, reason: str, now: float) -> bool:
        """A permanent failure: status failed, `current_version` 0, only while it is the claimed one."""

    async def keep_current(self, document_id: str, version: int, *, now: float) -> bool:
        """The claimed content equals the current one: status indexed, `current_version` unchanged.
        Only while `version` is the claimed one and there is a current one; whether it was."""

    async def requeue(self, document_id: str, *, now: float) -> bool:
        """Status queued, reason forgotten, the next claim gets a fresh version. False: unknown, tombstone."""

    async def bury(self, document_id: str, *, now: float, seen_at: float | None = None) -> Document | None:
        """Make a tombstone: current_version 0, claimed_version + 1, status deleted, etag and content hash
        forgotten. What it was before; a tombstone stays as it is.
        With `seen_at` only while that is its `updated_at`; None, too, if it has changed since.
        """

    async def purge_tombstones(self, *, before: float) -> int:
        """Forget tombstones last changed before then; how many."""

    async def document(self, document_id: str) -> Document | None:
        """Tombstones too."""

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """Those that exist, by id; tombstones too. For the check of every hit: fast for 100 ids."""

    async def set_readers(self, document_id: str, readers: frozenset[str], *, now: float) -> bool:
        """False: unknown, tombstone."""

    async def set_tags(self, document_id: str, tags: frozenset[str], *, now: float) -> bool:
        """False: unknown, tombstone."""

    async def list_documents(
        self,
        *,
        readers: frozenset[str] | None,
        after: str | None = None,
        limit: int = 100,
        status: DocumentStatus | None = None,
        prefix: str = "",
        tag: str | None = None,
    ) -> list[Document]:
        """By name, those readable by `readers` (None: all), after the name `after`, no tombstones."""

    async def matching(
        self, filters: Filters, *, readers: frozenset[str] | None, limit: int
    ) -> list[str] | None:
        """The ids of those with a current version that fit (`query.filters`) and are readable by `readers`
        (None: all), in any order; None if they are more than `limit`."""

    def every_document(self) -> AsyncIterator[Document]:
        """All, tombstones too, by name, paged inside; for the reconciler."""

    async def count_documents(self, *, readers: frozenset[str] | None = None) -> dict[DocumentStatus, int]:
        """For every status, zeros too; those readable by `readers`, which tombstones are not (None: all)."""

    async def count_parked(self, *, readers: frozenset[str] | None = None) -> int:
        """How many of those readable by `readers` (None: of all) are parked."""

    async def count_finished(self, *, since: float, readers: frozenset[str] | None = None) -> int:
        """How many of those readable by `readers` (None: of all) became, or were confirmed, indexed or failed
        since then."""

    async def count_held(self, index: str) -> tuple[int, int]:
        """(documents with a current version, those of them whose current version the index has), at once."""


class IndexVersionStore(Protocol):
    """The versions of a base's index. At most one is live, at most one is building."""

    async def first_index(self, version: IndexVersion) -> IndexVersion:
        """The live index of the base; where it has none, `version` becomes that."""

    async def add_index(self, version: IndexVersion) -> bool:
        """A new one to be built, beside a live one. False, and nothing stored, while there is no live one,
        another is building or has its name or number."""

    async def index_versions(self, base: str) -> list[IndexVersion]:
        """By number, removed ones too."""

    async def switch_index(self, base: str, name: str, *, expected: str, now: float) -> bool:
        """In one step `name` becomes live and `expected`, which was, standby. False, and nothing changed,
        unless that one is live and `name` building or standby."""

    async def remove_index(self, base: str, name: str, *, now: float) -> bool:
        """Its state becomes removed. False for one that is live, removed or unknown."""

    async def note_index(
        self, base: str, name: str, *, documents: int, chunks: int, gate: str | None = None
    ) -> None:
        """What was counted and, if given, found. Nothing happens for an unknown one."""


class MetadataStore(
    DocumentStore,
    UserStore,
    PeopleStore,
    SessionStore,
    PersonalTokenStore,
    ConversationStore,
    IndexVersionStore,
    UsageStore,
    Protocol,
):
    async def session_standing(self, user_id: str, family_id: str, *, now: float) -> Standing | None:
        """The user's `standing`, if `family_is_live`. Asked with every request of a session: fast."""

    async def ping(self) -> None:
        """For readiness: `BackendUnavailable` unless a read works."""

    async def close(self) -> None: ...
