"""The storage that is deployed is the storage that the code works with."""

import re
from pathlib import Path

from shared.ingest.events import CONTAINER, INGEST_QUEUE, POISON_QUEUE

STORAGE = (Path(__file__).parents[2] / "infra/bicep/modules/storage.bicep").read_text()


def names_of(kind: str) -> set[str]:
    found = re.findall(rf"resource \w+ '{re.escape(kind)}@[\d-]+' = {{(.*?)\n}}", STORAGE, re.DOTALL)
    return {re.search(r"^  name: '([^']+)'", body, re.MULTILINE)[1] for body in found}


def test_the_container_and_the_queues_are_those_of_the_triggers() -> None:
    assert names_of("Microsoft.Storage/storageAccounts/blobServices/containers") == {CONTAINER}
    assert names_of("Microsoft.Storage/storageAccounts/queueServices/queues") == {INGEST_QUEUE, POISON_QUEUE}


def test_the_page_may_send_the_headers_of_a_ticket_to_the_container() -> None:
    allowed = re.search(r"allowedHeaders: \[(.*?)\]", STORAGE)
    assert allowed is not None
    assert {"content-type", "x-ms-blob-type"} <= set(re.findall(r"'([^']+)'", allowed[1]))
    assert "allowedMethods: ['PUT']" in STORAGE


def test_nobody_gets_in_by_a_key_or_without_one() -> None:
    for promise in ("allowSharedKeyAccess: false", "allowBlobPublicAccess: false", "publicAccess: 'None'"):
        assert promise in STORAGE
