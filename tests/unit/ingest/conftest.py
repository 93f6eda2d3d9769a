"""Services on a folder of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.services import Services
from tests.stand_ins.pipeline_services import pipeline_services


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = pipeline_services(tmp_path)
    yield services
    for plug in (services.shelf, services.queue, services.blobs, services.cache, services.metadata):
        await plug.close()
