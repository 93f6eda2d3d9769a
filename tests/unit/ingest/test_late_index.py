"""An index may show writes late: the flip waits for it, and gives up in time."""

import pytest

from shared.domain import DocumentStatus
from shared.errors import BackendUnavailable
from shared.ingest import documents, fill, pipeline
from shared.services import Services
from tests.stand_ins.pipeline_services import NAME, LateIndex, ingested, long_text, put, with_live

NEVER = 1_000_000


async def test_the_flip_waits_until_the_index_shows_the_new_version(services: Services) -> None:
    await ingested(services, long_text("alpha"))
    await put(services, long_text("beta"))
    late = with_live(services, index=lambda index: LateIndex(index, shown_at=4))
    document = await pipeline.ingest(NAME, late)
    assert document is not None
    assert (document.status, document.current_version) == (DocumentStatus.INDEXED, 2)
    assert dict(document.timings)["show"] >= 200  # two looks in vain, a tenth of a second each


async def test_an_index_that_never_shows_it_leaves_the_old_version(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ingested(services, long_text("alpha"))
    await put(services, long_text("beta"))
    monkeypatch.setattr(fill, "_SHOWN_WITHIN", 0.3)
    late = with_live(services, index=lambda index: LateIndex(index, shown_at=NEVER))
    with pytest.raises(BackendUnavailable, match="does not show"):
        await pipeline.ingest(NAME, late)
    document = await services.metadata.document(documents.document_id(NAME))
    assert document is not None
    assert document.current_version == 1

    again = await pipeline.ingest(NAME, services)  # as the queue tries again
    assert again is not None
    assert again.current_version == 2
