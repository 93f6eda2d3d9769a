"""The API with two organisations in it, a tenant, and everybody who may come."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from functions.dependencies import Runtime
from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.secret_stores.local import LocalSecrets
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.functions.access.things import ENTRA, Installation
from tests.stand_ins.entra_tenant import tokens_of
from tests.stand_ins.pipeline_services import pipeline_services


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(LocalSecrets(tmp_path / "rag" / "secrets", {}), "jwt-signing-key")


@pytest.fixture
async def runtime(tmp_path: Path, keys: KeyRing) -> AsyncIterator[Runtime]:
    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        return pipeline_services(
            settings.data,
            access_tokens=AccessTokens(keys=keys, issuer="rag", audience="rag", lifetime=900),
            passwords=Passwords(),
            entra_tokens=tokens_of(ENTRA),
            metrics=metrics,
        )

    settings = read_settings(
        data=tmp_path / "rag", requests_per_minute=0, requests_per_minute_address=0, registrations_per_hour=0
    )
    runtime = Runtime(settings, open_services)
    yield runtime
    await runtime.close()


@pytest.fixture
async def installation(services: Services, keys: KeyRing) -> Installation:
    return await Installation.of(services, keys)
