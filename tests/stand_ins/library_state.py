"""What must be true of blobs, documents and indexes at rest, whatever came before. Used by crash tests."""

from collections.abc import Mapping

from shared.domain import EVERYONE, Document, DocumentStatus, SearchQuery
from shared.ingest import documents
from shared.services import Services
from shared.shelf import OpenIndex

_MOST = 1_000  # chunks of a document

# What the container has: by name the lines that every index must show; None for a file that is no document.
Contents = Mapping[str, list[str] | None]


async def differences(services: Services, contents: Contents) -> list[str]:
    """What is not as the container says; empty when nothing was lost, mixed, doubled or resurrected."""
    found = [each async for each in services.metadata.every_document()]
    wrong = [f"{name} is lost" for name in contents.keys() - {each.name for each in found}]
    for document in found:
        wrong += _status_differences(document, contents)
    indexed = [each for each in found if each.status is DocumentStatus.INDEXED]
    for version in await services.shelf.filled():
        index = services.shelf.open(version)
        wanted = {(each.id, each.current_version) for each in indexed}
        stored = {pair async for pair in index.search_index.versions()}
        wrong += [f"{index.name} has {pair}, which nobody may see" for pair in stored - wanted]
        wrong += [f"{index.name} lacks {pair}" for pair in wanted - stored]
        for document in indexed:
            wrong += await _index_differences(document, index, contents.get(document.name) or [])
    return wrong


def _status_differences(document: Document, contents: Contents) -> list[str]:
    wanted = DocumentStatus.INDEXED
    if document.name not in contents:
        wanted = DocumentStatus.DELETED
    elif contents[document.name] is None:
        wanted = DocumentStatus.FAILED
    if document.status is wanted and document.parked_event is None:
        return []
    return [f"{document.name} is {document.status} ({document.reason}), not {wanted}"]


async def _index_differences(document: Document, index: OpenIndex, lines: list[str]) -> list[str]:
    version = document.current_version
    label = f"{document.name} in {index.name}"
    if document.version_in(index.name) != version:
        return [f"{label} is of version {document.version_in(index.name)}, not {version}"]
    hits = await _shown(document, index, document.readers)
    ids = await index.search_index.chunk_ids(document.id, version)
    text = "\n".join(hits.values())
    wrong = [f"{label} lacks {line!r}" for line in lines if line not in text]
    in_order = {f"{document.id}.{version}.{ordinal}" for ordinal in range(len(ids))}
    if not ids == in_order == hits.keys():
        wrong.append(f"{label} has {sorted(ids)} and shows {sorted(hits)}")
    for outsider in {EVERYONE, "user:nobody"} - document.readers:
        if await _shown(document, index, frozenset({outsider})):
            wrong.append(f"{label} is shown to {outsider}")
    return wrong


async def _shown(document: Document, index: OpenIndex, readers: frozenset[str]) -> dict[str, str]:
    """Id and text of each of its chunks that these readers find, of any version."""
    query = SearchQuery(
        text=documents.display_name(document.name),
        embedding=await index.embedder.embed_query("edition"),
        top_k=_MOST,
        readers=readers,
        mode="vector",
        document_ids=frozenset({document.id}),
    )
    return {hit.chunk.id: hit.chunk.content for hit in await index.search_index.search(query)}
