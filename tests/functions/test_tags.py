"""Filing documents under tags, and listing them by tag."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.services import Services
from tests.stand_ins.documents_api import path_of, publish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def test_tags_are_shown_in_one_spelling_to_whoever_may_read(ada: Any, bob: Any) -> None:
    uploaded = await ada.upload("pumps.md")
    assert (await ada.http.get(path_of(uploaded))).json()["tags"] == []
    changed = await ada.http.patch(
        path_of(uploaded),
        json={"tags": [" Wartung ", "WARTUNG", "nai\u0308ve", "2026"], "readers": ["everyone"]},
    )
    assert (changed.status_code, changed.json()["tags"]) == (200, ["2026", "naïve", "wartung"])
    assert (await bob.http.get(path_of(uploaded))).json()["tags"] == ["2026", "naïve", "wartung"]
    assert (await ada.http.patch(path_of(uploaded), json={"tags": []})).json()["tags"] == []


async def test_what_is_not_given_stays(ada: Any, bob: Any) -> None:
    uploaded = await ada.upload("pumps.md")
    await ada.http.patch(path_of(uploaded), json={"readers": ["everyone"]})
    tagged = (await ada.http.patch(path_of(uploaded), json={"tags": ["hr"]})).json()
    assert (tagged["tags"], tagged["readers"]) == (["hr"], ["everyone"])
    shared = (await ada.http.patch(path_of(uploaded), json={"readers": [bob.email], "tags": None})).json()
    assert (shared["tags"], shared["readers"]) == (["hr"], [bob.email])


async def test_documents_are_listed_by_tag_of_any_case(ada: Any, bob: Any) -> None:
    for name in ("a.md", "b.md", "c.md"):
        uploaded = await ada.upload(name)
        if name != "b.md":
            await ada.http.patch(path_of(uploaded), json={"tags": ["hr"]})
    assert await ada.names(tag="HR ") == ["a.md", "c.md"]
    assert await ada.names(tag="hr", prefix="c") == ["c.md"]
    assert await ada.names(tag="h") == []
    assert await bob.names(tag="hr") == []


async def test_new_content_keeps_the_tags_and_a_new_life_has_none(ada: Any, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await ada.http.patch(path_of(uploaded), json={"tags": ["hr"]})
    await publish(services, await ada.upload("pumps.md", b"other"))
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert (shown["tags"], shown["status"]) == (["hr"], "indexed")
    await ada.http.delete(path_of(uploaded))
    await ada.upload("pumps.md", b"again")
    assert (await ada.http.get(path_of(uploaded))).json()["tags"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"tags": [""]},
        {"tags": ["  "]},
        {"tags": ["x" * 65]},
        {"tags": ["a\nb"]},
        {"tags": ["a\u202eb"]},
        {"tags": [str(n) for n in range(51)]},
        {"tags": "hr"},
        {"tags": [1]},
        {"tags": None},
        {"readers": None, "tags": None},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_tags_that_cannot_be_are_refused(ada: Any, refused: Refused, body: dict[str, Any]) -> None:
    uploaded = await ada.upload("pumps.md")
    refused(await ada.http.patch(path_of(uploaded), json=body), 422, "invalid-request")
    assert (await ada.http.get(path_of(uploaded))).json()["tags"] == []


async def test_only_who_may_change_a_document_tags_it(
    ada: Any, bob: Any, root: Any, refused: Refused
) -> None:
    of_all = await root.upload("shared/handbook.md")
    refused(await ada.http.patch(path_of(of_all), json={"tags": ["x"]}), 403, "access-denied")
    assert (await root.http.patch(path_of(of_all), json={"tags": ["x"]})).json()["tags"] == ["x"]
    private = await ada.upload("pumps.md")
    for other in (bob, root):
        refused(await other.http.patch(path_of(private), json={"tags": ["x"]}), 404, "not-found")
    refused(await ada.http.get("/api/documents", params={"tag": "x" * 65}), 422, "invalid-request")
