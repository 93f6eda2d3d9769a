"""The text of a document's page, for what no browser shows."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.ingest import pipeline
from shared.ingest.documents import document_id

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
TERMS = document_id("shared/terms.txt")


@pytest.mark.usefixtures("library")
async def test_a_reader_gets_the_text_that_was_indexed(ada: Any, bob: Any) -> None:
    for person in (ada, bob):
        page = await person.http.get(f"/api/documents/{TERMS}/pages/2")
        assert page.json() == {"page": 2, "page_kind": "page", "text": "Returns take a week."}


@pytest.mark.usefixtures("library")
async def test_a_page_that_there_is_not_is_a_404(ada: Any, refused: Refused) -> None:
    refused(await ada.http.get(f"/api/documents/{TERMS}/pages/3"), 404, "not-found")
    refused(await ada.http.get(f"/api/documents/{TERMS}/pages/two"), 422, "invalid-request")


async def test_nobody_reads_a_page_of_a_document_that_is_not_theirs(
    ada: Any, bob: Any, services: Any, refused: Refused
) -> None:
    found = await ada.upload("diary.txt", b"Dear diary.")
    await pipeline.ingest(f"users/{ada.user_id}/diary.txt", services)
    assert (await ada.http.get(f"/api/documents/{found['id']}/pages/1")).json()["text"] == "Dear diary."
    mine = refused(await bob.http.get(f"/api/documents/{found['id']}/pages/1"), 404, "not-found")
    none = refused(await bob.http.get("/api/documents/none/pages/1"), 404, "not-found")
    assert mine["detail"] == none["detail"]
