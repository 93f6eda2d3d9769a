"""Interleavings that the simulator (tests/simulation) has found, each by itself."""

from dataclasses import replace
from typing import Any

from shared.domain import Document
from shared.ingest import documents, pipeline
from shared.services import Services
from tests.stand_ins.pipeline_services import NAME, ingested, stored_versions

DOCUMENT_ID = documents.document_id(NAME)


class After:
    """The real plug; what `then` does happens right behind each call of `method`."""

    def __init__(self, plug: Any, method: str, then: Any) -> None:
        self._plug, self._method, self._then = plug, method, then

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._plug, name)

        async def call(*given: Any, **named: Any) -> Any:
            result = await getattr(self._plug, name)(*given, **named)
            await self._then()
            return result

        return call


async def test_a_repeated_deletion_leaves_the_chunks_of_what_came_back_since(services: Services) -> None:
    await ingested(services, "Old.")
    await services.blobs.delete(NAME)
    await pipeline.remove(NAME, services)
    came_back: list[Document] = []

    async def come_back() -> None:
        came_back.append(await ingested(services, "New."))

    late = replace(services, metadata=After(services.metadata, "bury", come_back))
    await pipeline.remove(NAME, late)
    assert await stored_versions(services) == {(DOCUMENT_ID, came_back[0].current_version)}
