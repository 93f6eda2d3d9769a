"""Whom one can share with: people, groups and everyone of the owner's organisation, nobody else."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.domain import DEFAULT_ORGANISATION, Group, Principal
from shared.services import Services
from tests.stand_ins.documents_api import path_of, publish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]

HR, IT = "1" * 32, "2" * 32


@pytest.fixture(autouse=True)
async def groups(acme: str, services: Services) -> None:
    for group_id, organisation_id, name in ((HR, DEFAULT_ORGANISATION, "HR"), (IT, acme, "IT")):
        group = Group(id=group_id, organisation_id=organisation_id, name=name, created_at=1.0)
        assert await services.metadata.add_group(group)


async def share(owner: Any, document: dict[str, Any], *readers: str) -> httpx.Response:
    response: httpx.Response = await owner.http.patch(path_of(document), json={"readers": readers})
    return response


async def readers_of(services: Services, document: dict[str, Any]) -> frozenset[str]:
    found = await services.metadata.document(document["id"])
    assert found is not None
    return found.readers


async def test_everyone_is_everyone_of_the_owners_organisation(
    ada: Any, bob: Any, root: Any, yan: Any, services: Services, refused: Refused
) -> None:
    mine, theirs = await ada.upload("pumps.md"), await yan.upload("valves.md")
    for word in ("everyone", "organisation"):
        assert (await share(ada, mine, word)).json()["readers"] == ["everyone"]
        assert (await share(yan, theirs, word)).json()["readers"] == ["everyone"]
        assert await bob.names() == await root.names() == ["pumps.md"]
        assert await yan.names() == ["valves.md"]
    refused(await yan.http.get(path_of(mine)), 404, "not-found")
    refused(await root.http.get(path_of(theirs)), 404, "not-found")


async def test_under_shared_everyone_is_everybody_and_the_organisation_the_administrators(
    root: Any, ada: Any, yan: Any, services: Services
) -> None:
    handbook = await root.upload("shared/handbook.md")
    assert await ada.names() == await yan.names() == ["shared/handbook.md"]
    assert (await share(root, handbook, "organisation")).json()["readers"] == ["organisation"]
    assert (await ada.names(), await yan.names()) == (["shared/handbook.md"], [])
    assert (await share(root, handbook, "everyone", "organisation")).json()["readers"] == [
        "everyone",
        "organisation",
    ]
    assert await yan.names() == ["shared/handbook.md"]


async def test_a_group_is_named_by_its_name_and_kept_by_its_id(
    ada: Any, bob: Any, services: Services, refused: Refused
) -> None:
    uploaded = await ada.upload("pumps.md")
    assert (await share(ada, uploaded, "group: hr ")).json()["readers"] == ["group:HR"]
    assert await readers_of(services, uploaded) == {f"group:{HR}", f"user:{ada.user_id}"}
    refused(await bob.http.get(path_of(uploaded)), 404, "not-found")
    await services.metadata.add_member(HR, bob.user_id)
    assert await bob.names() == ["pumps.md"]
    await services.metadata.rename_group(HR, "People")
    assert (await ada.http.get(path_of(uploaded))).json()["readers"] == ["group:People"]
    await services.metadata.remove_member(HR, bob.user_id)
    assert await bob.names() == []
    refused(await bob.http.get(path_of(uploaded)), 404, "not-found")
    await services.metadata.add_member(HR, bob.user_id)
    await services.metadata.remove_group(HR)
    assert await bob.names() == []
    assert (await ada.http.get(path_of(uploaded))).json()["readers"] == []
    await services.metadata.add_group(
        Group(id="3" * 32, organisation_id=DEFAULT_ORGANISATION, name="HR", created_at=2.0)
    )
    await services.metadata.add_member("3" * 32, bob.user_id)
    assert await bob.names() == [], "another group of the same name is another group"


async def test_people_and_groups_of_other_organisations_are_unknown(
    ada: Any, yan: Any, acme: str, refused: Refused
) -> None:
    uploaded = await ada.upload("pumps.md")
    answers = {
        refused(await share(ada, uploaded, "everyone", reader), 400, "invalid-request")["detail"]
        for reader in (
            *(yan.email, "nobody@example.org"),
            *("group:IT", "group:nothing", f"group:{IT}", f"group:{'9' * 32}", "group:"),
            *(f"organisation:{acme}", "organisation:default", "organisation:nowhere"),
        )
    }
    assert len(answers) == 1
    assert (await ada.http.get(path_of(uploaded))).json()["readers"] == []


async def test_what_lies_in_an_organisations_folder_is_its_peoples(
    acme: str, root: Any, zoe: Any, yan: Any, services: Services, refused: Refused
) -> None:
    plan = await zoe.upload(f"organisations/{acme}/plan.md")
    await publish(services, plan)
    assert (await zoe.http.get(path_of(plan))).json()["readers"] == ["everyone"]
    for keeper in (zoe, root):
        assert (await share(keeper, plan, yan.email, "group:it")).json()["readers"] == [
            "group:IT",
            yan.email,
        ]
        refused(await share(keeper, plan, root.email), 400, "invalid-request")
        refused(await share(keeper, plan, "group:HR"), 400, "invalid-request")
    refused(await share(yan, plan, "everyone"), 403, "access-denied")
    assert await readers_of(services, plan) == {f"user:{yan.user_id}", f"group:{IT}"}
    await share(root, plan, "everyone")
    assert await readers_of(services, plan) == {f"organisation:{acme}"}


async def test_to_administer_opens_no_document(
    acme: str, root: Any, zoe: Any, services: Services, refused: Refused
) -> None:
    plan = await zoe.upload(f"organisations/{acme}/plan.md", b"# Secret plan\n")
    await publish(services, plan)
    shown = (await root.http.get(path_of(plan))).json()
    assert (shown["name"], shown["title"], shown["readers"]) == (plan["name"], "", ["everyone"])
    assert (await zoe.http.get(path_of(plan))).json()["title"] == "Pumps"
    refused(await root.http.get(path_of(plan, "/content")), 403, "access-denied")
    assert (await zoe.http.get(path_of(plan, "/content"))).content == b"# Secret plan\n"
    assert await root.names() == []
    assert (await root.http.delete(path_of(plan))).status_code == 204


async def test_an_administrator_opens_what_is_shared_to_anybody_and_sees_whom(
    acme: str, root: Any, yan: Any, ada: Any, services: Services
) -> None:
    handbook = await root.upload("shared/handbook.md")
    wanted = [f"group:{IT}", "group:HR", f"organisation:{acme}", ada.email, yan.email]
    shown = (await share(root, handbook, *wanted)).json()["readers"]
    assert shown == sorted(wanted)
    assert (await share(root, handbook, *shown)).json()["readers"] == shown
    assert (await yan.http.get(path_of(handbook))).json()["readers"] == []


async def test_an_owner_stays_a_reader_whatever_they_share(ada: Any, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await share(ada, uploaded, "group:HR")
    await share(ada, uploaded)
    assert await readers_of(services, uploaded) == {f"user:{ada.user_id}"}
    owner = Principal(user_id=ada.user_id, email=ada.email)
    assert not owner.readers.isdisjoint(await readers_of(services, uploaded))
