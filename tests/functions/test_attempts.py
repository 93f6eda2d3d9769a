"""What failing attempts leave with a document, from the first one until it is parked, retried or indexed."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import azure.functions as func
import pytest

from functions.dependencies import Runtime
from functions.ingest import register_triggers
from shared.domain import Document, DocumentStatus
from shared.errors import BackendUnavailable
from shared.ingest import pipeline
from shared.ingest.documents import document_id
from shared.ingest.events import StorageEvent, encode
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.stand_ins.hashing_embedder import HashingEmbedder
from tests.stand_ins.pipeline_services import NAME, pipeline_services, put

EVENT = encode(StorageEvent(name=NAME))
GENERIC = "an internal error, which the log has"

Fire = Callable[..., Awaitable[None]]


class FailingEmbedder(HashingEmbedder):
    """Raises what it is given, in turn; then it works."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Exception] = []

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[list[float]]:
        if self.failures:
            raise self.failures.pop(0)
        return await super().embed_passages(texts, urgent=urgent)


@pytest.fixture
def embedder() -> FailingEmbedder:
    return FailingEmbedder()


@pytest.fixture
async def services(tmp_path: Path, embedder: FailingEmbedder) -> AsyncIterator[Services]:
    services = pipeline_services(tmp_path, embedder=embedder)
    await put(services, "The pump runs for nine hours.")
    yield services
    for plug in (services.shelf, services.queue, services.blobs, services.cache, services.metadata):
        await plug.close()


@pytest.fixture
def fire(services: Services, tmp_path: Path) -> Fire:
    """Fires a queue trigger of the app, as a host does: `fire("ingest_event")`."""

    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        return services

    app = func.FunctionApp()
    register_triggers(app, Runtime(read_settings(data=tmp_path / "rag"), open_services))
    triggers = {each.get_function_name(): each.get_user_function() for each in app.get_functions()}

    async def fire(name: str, *, sent_at: float | None = None) -> None:
        at = datetime.fromtimestamp(time.time() if sent_at is None else sent_at, UTC)
        message = func.queue.QueueMessage(id="1", body=EVENT, insertion_time=at)  # type: ignore[no-untyped-call]
        await triggers[name](message)

    return fire


async def stored(services: Services) -> Document:
    document = await services.metadata.document(document_id(NAME))
    assert document is not None
    return document


async def test_a_failed_attempt_leaves_its_reason_and_the_next_one_another(
    fire: Fire, services: Services, embedder: FailingEmbedder
) -> None:
    embedder.failures = [BackendUnavailable("the model is away"), BackendUnavailable("the model is full")]
    for words in ("the model is away", "the model is full"):
        with pytest.raises(BackendUnavailable, match=words):
            await fire("ingest_event")
        document = await stored(services)
        assert (document.status, document.reason) == (DocumentStatus.EMBEDDING, words)


async def test_an_attempt_that_succeeds_clears_the_reason(
    fire: Fire, services: Services, embedder: FailingEmbedder
) -> None:
    embedder.failures = [BackendUnavailable("the model is away")]
    with pytest.raises(BackendUnavailable):
        await fire("ingest_event")
    await fire("ingest_event")
    document = await stored(services)
    assert (document.status, document.reason) == (DocumentStatus.INDEXED, None)


async def test_a_fault_of_ours_is_shown_without_its_words_and_raised_for_the_hosts_log(
    fire: Fire, services: Services, embedder: FailingEmbedder
) -> None:
    embedder.failures = [ZeroDivisionError("secret detail")]
    with pytest.raises(ZeroDivisionError):
        await fire("ingest_event")
    assert (await stored(services)).reason == GENERIC
    await fire("ingest_poison")
    parked = await stored(services)
    assert parked.reason == f"parked after five attempts: {GENERIC}; retry it later"


async def test_the_poison_trigger_parks_with_the_last_reason_and_the_event(
    fire: Fire, services: Services, embedder: FailingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    embedder.failures = [BackendUnavailable("the model is away")]
    with pytest.raises(BackendUnavailable):
        await fire("ingest_event")
    with caplog.at_level(logging.ERROR):
        await fire("ingest_poison")
    parked = await stored(services)
    assert (parked.status, parked.parked_event) == (DocumentStatus.FAILED, EVENT)
    assert parked.reason == "parked after five attempts: the model is away; retry it later"
    assert "document_parked" in caplog.text


async def test_a_parked_document_is_left_alone_by_its_event_until_it_is_retried(
    fire: Fire, services: Services, embedder: FailingEmbedder
) -> None:
    embedder.failures = [BackendUnavailable("the model is away")]
    with pytest.raises(BackendUnavailable):
        await fire("ingest_event")
    await fire("ingest_poison")
    await fire("ingest_event")
    assert (await stored(services)).parked_event == EVENT
    assert await services.metadata.requeue(document_id(NAME), now=time.time())
    await fire("ingest_event")
    document = await stored(services)
    assert (document.status, document.reason, document.parked_event) == (DocumentStatus.INDEXED, None, None)


async def test_attempts_that_ended_with_their_worker_are_parked_too(fire: Fire, services: Services) -> None:
    blob = await services.blobs.head(NAME)
    assert blob is not None
    await put_on_record(services)
    assert await services.metadata.claim(document_id(NAME), blob, now=time.time() - 10)
    await fire("ingest_poison")
    assert "as if the worker had been killed" in str((await stored(services)).reason)


async def test_an_old_poison_message_does_not_park_what_was_uploaded_or_retried_since(
    fire: Fire, services: Services
) -> None:
    await put_on_record(services)
    await fire("ingest_poison", sent_at=time.time() - 60)
    document = await stored(services)
    assert (document.status, document.parked_event) == (DocumentStatus.QUEUED, None)


async def test_what_is_indexed_is_not_parked(fire: Fire, services: Services) -> None:
    await fire("ingest_event")
    before = await stored(services)
    await fire("ingest_poison")
    assert await stored(services) == before


async def put_on_record(services: Services) -> None:
    blob = await services.blobs.head(NAME)
    assert blob is not None
    await pipeline.announce(blob, services)
