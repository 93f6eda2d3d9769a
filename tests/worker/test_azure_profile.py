"""The Azure profile in the real worker: an upload, its event as Event Grid sends it, a cited answer."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.story.azure_profile import azure_profile
from tests.worker.person import Person
from tests.worker.test_app import ROOT

if TYPE_CHECKING:
    from tests.worker.functions_host import FunctionsHost

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def app(
    start_host: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple["FunctionsHost", httpx.Client]]:
    with (
        azure_profile(tmp_path_factory.mktemp("azure"), announces=False) as azure,
        start_host(ROOT, **azure.environment) as running,
    ):
        yield running


def created(name: str) -> str:
    """As a message of the queue: base64 around one event of Event Grid's schema."""
    subject = f"/blobServices/default/containers/uploads/blobs/{name}"
    event = {"id": "1", "eventType": "Microsoft.Storage.BlobCreated", "subject": subject, "data": {}}
    return b64encode(
        json.dumps({**event, "dataVersion": "", "eventTime": "2026-11-22T12:00:00Z"}).encode()
    ).decode()


def test_an_event_of_event_grid_makes_an_upload_answer(app: tuple["FunctionsHost", httpx.Client]) -> None:
    from tests.worker.events import fire_queue, fire_timer

    host, client = app
    ada = Person(client, "ada@example.com")
    document = ada.upload("notes/warranty.md", "The pump has a warranty of seven years.")
    fire_queue(host, "ingest_event", created(f"users/{ada.id}/notes/warranty.md"))
    assert ada.status(document["id"]) == "indexed"
    events = list(ada.ask_for_events("How long is the warranty of the pump?"))
    assert "seven years" in events[-1][1]["answer"]
    assert [each["document"] for each in events[-1][1]["citations"]] == ["notes/warranty.md"]
    fire_timer(host, "reconcile")
