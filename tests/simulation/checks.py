"""What must be true: of every answer at any moment, and of everything once the reconciler finds nothing."""

from collections import defaultdict
from dataclasses import replace

from shared.domain import Document, DocumentStatus, IndexVersion, Principal, Question, SearchQuery
from shared.ingest import documents
from shared.ingest.chunk import chunk
from shared.query import retrieve
from tests.simulation.world import NAMES, READERS, World
from tests.stand_ins.pipeline_services import PlainParser

# The first may read whatever anybody may; the others are those that are shut out at times.
ASKERS = (
    Principal(user_id="ann", email="", groups=frozenset({"x"})),
    Principal(user_id="dan", email="", groups=frozenset({"x"})),
    Principal(user_id="eve", email=""),
)
_ROUNDS = 6  # of the reconciler, until it has to find nothing more

Parts = frozenset[tuple[int, str]]  # (ordinal, content) of each chunk of a document


class Violation(AssertionError):
    pass


class Checks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._expected: dict[tuple[str, int, int], Parts] = {}
        self._shown: dict[tuple[str, str], int] = defaultdict(int)  # (name, index): latest moment it showed

    async def ask(self, name: str, asker: Principal) -> None:
        """One document's passages: of one version, not outdated, and nobody else's."""
        world = self._world
        index = await world.observer.shelf.live()
        key = (name, index.name)
        floor = max(world.floors[name], self._shown[key])
        flips, sharings, readers = world.flips[name], world.sharings[name], world.readers.get(name)
        question = Question(
            text="edition", top_k=50, mode="vector", document_ids=frozenset({documents.document_id(name)})
        )
        answered = await retrieve.search(
            question, asker, index=index, metadata=world.observer.metadata, timeout=1_000
        )
        passages = answered.passages
        found = frozenset((passage.chunk.ordinal, passage.chunk.content) for passage in passages)
        versions = {passage.chunk.version for passage in passages}
        world.trace.add(
            "asker", "ask", (name, asker.user_id), f"v{sorted(versions)} {len(passages)} passages"
        )
        if not passages:
            return
        if len(versions) > 1:
            raise Violation(f"{name}: an answer from versions {sorted(versions)}")
        if readers and world.sharings[name] == sharings and asker.readers.isdisjoint(readers):
            raise Violation(f"{name}: shown to {asker.user_id}, but it is only for {sorted(readers)}")
        is_steady = world.flips[name] == flips
        moments = await self._moments(name, found, index.version, whole=is_steady)
        if not moments:
            raise Violation(f"{name}: an answer that is no whole content it ever had: {sorted(found)}")
        if max(moments) < floor:
            raise Violation(f"{name}: shows what was there until {max(moments)}, after {floor} was")
        if is_steady:
            self._shown[key] = max(self._shown[key], *moments)

    async def settle(self) -> None:
        """Let the reconciler and the workers come to rest, then compare everything."""
        world = self._world
        world.faults.end()
        for round_ in range(_ROUNDS):
            if not await world.idle():
                raise Violation("the workers do not come to rest")
            for name in NAMES if round_ == 1 else ():
                found = await world.observer.metadata.document(documents.document_id(name))
                if found is not None and found.parked_event is not None:
                    await world.retry(name)
            findings = await world.reconcile()
            world.trace.add("world", "reconciled", (), findings)
            if round_ > 1 and findings == replace(findings, announced=0, filled=0, vanished=0, orphans=0):
                break
        else:
            raise Violation(f"the reconciler does not come to rest: {findings}")
        await self._compare()

    async def _compare(self) -> None:
        world = self._world
        if world.crashes:
            raise Violation(f"a trigger raised {world.crashes[0]!r}") from world.crashes[0]
        filled = await world.observer.shelf.filled()
        contents = {version.name: await self._content(version) for version in filled}
        for name in NAMES:
            document = await world.observer.metadata.document(documents.document_id(name))
            await self._compare_document(name, document, filled, contents)

    async def _compare_document(
        self,
        name: str,
        document: Document | None,
        filled: list[IndexVersion],
        contents: dict[str, dict[str, dict[int, dict[tuple[int, str], frozenset[str]]]]],
    ) -> None:
        text = self._world.blobs.state(name).text
        identifier = documents.document_id(name)
        is_broken = text is not None and "BROKEN" in text
        wanted = {None: (None, DocumentStatus.DELETED)}.get(
            text, (DocumentStatus.FAILED if is_broken else DocumentStatus.INDEXED,)
        )
        if (document and document.status) not in wanted:
            raise Violation(f"{name} is {document}, but its blob has {text!r}")
        for version in filled:
            stored = contents[version.name].get(identifier, {})
            if text is None or is_broken:
                if stored:
                    raise Violation(f"{name} left chunks in {version.name}: {stored}")
                continue
            assert document is not None
            if document.version_in(version.name) != document.current_version:
                raise Violation(f"{version.name} has not the current version: {document}")
            expected = await self._parts(name, text, version)
            if set(stored) - {document.current_version}:
                raise Violation(f"{version.name} mixes versions {sorted(stored)} of {document}")
            found = stored.get(document.current_version, {})
            if frozenset(found) != expected:
                raise Violation(f"{version.name} has {sorted(found)} of {document}, not {sorted(expected)}")
            if name not in self._world.unshared and set(found.values()) - {document.readers}:
                raise Violation(f"{version.name} shows {document} to {set(map(tuple, found.values()))}")

    async def _content(
        self, version: IndexVersion
    ) -> dict[str, dict[int, dict[tuple[int, str], frozenset[str]]]]:
        """document id → version → (ordinal, content) → readers."""
        index = self._world.observer.shelf.search_index(version)
        embedding = await self._world.observer.embedder.embed_query("edition")
        content: dict[str, dict[int, dict[tuple[int, str], frozenset[str]]]] = {}
        for reader in (None, *READERS):
            readers = None if reader is None else frozenset({reader})
            query = SearchQuery(text="", embedding=embedding, top_k=100_000, readers=readers, mode="vector")
            for hit in await index.search(query):
                parts = content.setdefault(hit.chunk.document_id, {}).setdefault(hit.chunk.version, {})
                key = (hit.chunk.ordinal, hit.chunk.content)
                parts[key] = parts.get(key, frozenset()) | (readers or frozenset())
        return content

    async def _moments(self, name: str, found: Parts, version: IndexVersion, *, whole: bool) -> list[int]:
        """When the blob last had the contents that can look so in this index."""
        moments = []
        for state in self._world.blobs.history.get(name, []):
            if state.text is not None and "BROKEN" not in state.text:
                parts = await self._parts(name, state.text, version)
                if found == parts or (found <= parts and not whole):
                    moments.append(self._world.blobs.last_seen(name, state.text))
        return moments

    async def _parts(self, name: str, text: str, version: IndexVersion) -> Parts:
        key = (text, version.chunk_chars, version.chunk_overlap)
        if key not in self._expected:
            path = self._world.folder / "expected"
            path.write_text(text)
            parsed = await PlainParser().parse(path, documents.display_name(name))
            chunks = chunk(
                parsed,
                document_id="x",
                version=1,
                max_chars=version.chunk_chars,
                overlap=version.chunk_overlap,
            )
            self._expected[key] = frozenset((part.ordinal, part.content) for part in chunks)
        return self._expected[key]
