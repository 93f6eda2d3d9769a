"""The API over real pipelines, stores and index, with a model that says what it is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.dependencies import Runtime
from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.domain import ChatDelta, Usage
from shared.ingest import pipeline
from shared.secret_stores.local import LocalSecrets
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.stand_ins.pipeline_services import pipeline_services, put


class ToldModel:
    """Says `words`, a delta each, then raises `error` if there is one."""

    name = "told"

    def __init__(self) -> None:
        self.words: list[str] = ["Two years ", "[1", "]."]
        self.error: Exception | None = None
        self.prompts: list[Any] = []

    async def stream(self, prompt, *, timeout):
        self.prompts.append(prompt)
        for word in self.words:
            yield ChatDelta(text=word)
        if self.error:
            raise self.error
        yield ChatDelta(usage=Usage(prompt_tokens=50, completion_tokens=7))

    async def close(self) -> None:
        pass


@pytest.fixture
def model() -> ToldModel:
    return ToldModel()


@pytest.fixture
def answer_ttl() -> float:
    """Nothing is remembered: each question is asked of the model."""
    return 0.0


@pytest.fixture
def other_limits() -> dict[str, Any]:
    """Those that a test changes."""
    return {}


@pytest.fixture
async def runtime(
    tmp_path: Path, model: ToldModel, answer_ttl: float, other_limits: dict[str, Any]
) -> AsyncIterator[Runtime]:
    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        keys = KeyRing(LocalSecrets(settings.data / "secrets", {}), "jwt-signing-key")
        tokens = AccessTokens(keys=keys, issuer="rag", audience="rag", lifetime=900)
        services = pipeline_services(settings.data, access_tokens=tokens, passwords=Passwords())
        limits = replace(services.limits, answer_ttl=answer_ttl, **other_limits)
        return replace(services, chat_model=model, limits=limits, metrics=metrics)

    runtime = Runtime(read_settings(data=tmp_path / "rag"), open_services)
    yield runtime
    await runtime.close()


@pytest.fixture
async def library(services: Services) -> None:
    """One document for everybody: the warranty on page 1, returns on page 2."""
    await put(services, "The warranty lasts two years.\fReturns take a week.", "shared/terms.txt")
    await pipeline.ingest("shared/terms.txt", services)
