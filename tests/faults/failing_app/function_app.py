"""The real app, but for a container that cannot read blobs whose name says `unreadable`.

The host of test_poison.py finds it before the project's own; beside it lies a host.json without pauses.
"""

import contextlib
import dataclasses
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path

from shared.blob_stores.folder import FolderBlobStore
from shared.domain import BlobProperties
from shared.errors import BackendUnavailable
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.metrics import Metrics

_PATH = Path(__file__).resolve().parents[3] / "function_app.py"
_spec = importlib.util.spec_from_file_location("real_function_app", _PATH)
assert _spec is not None
assert _spec.loader is not None
real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(real)

app, api, announce, runtime = real.app, real.api, real.announce, real.runtime


class UnreadableBlobs(FolderBlobStore):
    @contextlib.asynccontextmanager
    async def local_copy(self, name: str) -> AsyncIterator[tuple[Path, BlobProperties]]:
        if "unreadable" in name and not (Path(runtime.settings.data) / "repaired").exists():
            raise BackendUnavailable("told to fail")
        async with super().local_copy(name) as copy:
            yield copy


async def _open(settings: Settings, metrics: Metrics) -> Services:
    services = await _open_services(settings, metrics)
    return dataclasses.replace(services, blobs=UnreadableBlobs(runtime.settings.data / "uploads"))


_open_services = runtime._open_services
runtime._open_services = _open
