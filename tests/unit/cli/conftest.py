"""The services of the local profile for the tests of `rag doctor`, with a hashing embedder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.services import Services
from tests.stand_ins.pipeline_services import pipeline_services


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = pipeline_services(tmp_path)
    yield services
    for plug in (services.shelf, services.queue, services.blobs):
        await plug.close()
    for plug in (services.cache, services.metadata, services.secrets):
        await plug.close()
