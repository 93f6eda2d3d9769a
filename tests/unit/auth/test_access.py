"""Who may read and who may change a document."""

from dataclasses import replace
from uuid import uuid4

import pytest

from shared.auth.access import (
    filter_for,
    is_directory_reader,
    may_change,
    may_keep,
    may_manage,
    may_read,
    organisation_of,
)
from shared.domain import (
    DEFAULT_ORGANISATION,
    EVERYONE,
    Document,
    DocumentStatus,
    Principal,
    group_reader,
    organisation_reader,
    user_reader,
)

ADA = Principal(user_id="ada", email="ada@example.org")
ROOT = Principal(user_id="root", email="root@example.org", is_administrator=True)

PUMPS, VALVES = str(uuid4()), str(uuid4())
EVE = Principal(user_id=str(uuid4()), email="eve@example.org", groups=frozenset({PUMPS}))


def document(owner: str | None, *readers: str, status: DocumentStatus = DocumentStatus.INDEXED) -> Document:
    return Document(id="d", name="n", owner_id=owner, readers=frozenset(readers), status=status)


def test_a_search_is_filtered_by_the_principal_their_organisation_and_everyone() -> None:
    assert filter_for(ADA) == {EVERYONE, user_reader("ada"), organisation_reader(DEFAULT_ORGANISATION)}


def test_administrators_search_no_more_than_others() -> None:
    assert filter_for(ROOT) == {EVERYONE, user_reader("root"), organisation_reader(DEFAULT_ORGANISATION)}


@pytest.mark.parametrize(
    ("readers", "allowed"),
    [
        ((user_reader("ada"),), True),
        ((EVERYONE,), True),
        ((user_reader("bob"), user_reader("ada")), True),
        ((user_reader("bob"),), False),
        ((user_reader("ad"), user_reader("adam"), "ada"), False),
        ((), False),
    ],
)
def test_only_readers_may_read(readers: tuple[str, ...], allowed: bool) -> None:
    assert may_read(ADA, document("bob", *readers)) is allowed


@pytest.mark.parametrize(
    ("reader", "allowed"),
    [
        (group_reader(PUMPS), True),
        (group_reader(VALVES), False),
        (user_reader(PUMPS), False),
        (group_reader(EVE.user_id), False),
        (PUMPS, False),
    ],
    ids=["group", "other group", "user with the group's id", "group with the user's id", "bare id"],
)
def test_members_read_what_is_shared_with_their_group(reader: str, allowed: bool) -> None:
    assert may_read(EVE, document("bob", reader)) is allowed
    assert (reader in filter_for(EVE)) is allowed


@pytest.mark.parametrize(
    ("reader", "is_one"),
    [
        (group_reader(PUMPS), True),
        (user_reader(EVE.user_id), True),
        (user_reader(uuid4().hex), False),  # an account of our own
        (user_reader(EVE.user_id).upper(), False),
        (f"{group_reader(PUMPS)}\n", False),
        (f"role:{PUMPS}", False),
        (PUMPS, False),
        (EVERYONE, False),
    ],
    ids=["group", "user", "account", "upper case", "line break", "role", "bare", "everyone"],
)
def test_ids_of_entra_are_told_from_those_of_our_own(reader: str, is_one: bool) -> None:
    assert is_directory_reader(reader) is is_one


def test_a_deleted_document_is_nobodys_to_read() -> None:
    assert not may_read(ADA, document("ada", EVERYONE, user_reader("ada"), status=DocumentStatus.DELETED))


ZOE = Principal(user_id="zoe", email="z@example.org", organisation_id="acme", manages_organisation=True)
YAN = Principal(user_id="yan", email="y@example.org", organisation_id="acme")


def test_everyone_of_an_organisation_reads_what_is_shared_with_it_and_nobody_else() -> None:
    theirs = document("bob", organisation_reader("acme"))
    assert may_read(YAN, theirs)
    assert not may_read(ADA, theirs)
    assert not may_read(ROOT, theirs), "to administer opens nothing"
    assert not may_read(replace(ADA, organisation_id="acm"), theirs)
    assert not may_read(replace(ADA, groups=frozenset({"acme"})), theirs)


@pytest.mark.parametrize(
    ("principal", "owner", "allowed"), [(ADA, "ada", True), (ADA, "bob", False), (ROOT, "bob", False)]
)
def test_owners_and_nobody_else_change_their_own(principal: Principal, owner: str, allowed: bool) -> None:
    assert may_change(principal, document(owner, EVERYONE)) is allowed


@pytest.mark.parametrize(
    ("name", "keepers"),
    [
        ("shared/a.md", {ROOT}),
        ("shared/organisations/acme/a.md", {ROOT}),
        ("organisations/acme/a.md", {ROOT, ZOE}),
        ("organisations/acme/b/a.md", {ROOT, ZOE}),
        ("organisations/default/a.md", {ROOT}),
        ("organisations/acme", {ROOT}),
        ("organisations//a.md", {ROOT}),
        ("Organisations/acme/a.md", {ROOT}),
        ("a.md", {ROOT}),
    ],
)
def test_what_has_no_owner_is_changed_by_who_keeps_its_folder(name: str, keepers: set[Principal]) -> None:
    found = replace(document(None, EVERYONE), name=name)
    everybody = {ROOT, ADA, ZOE, YAN, EVE}
    assert {each for each in everybody if may_change(each, found)} == keepers
    assert {each for each in everybody if may_keep(each, name)} == keepers


@pytest.mark.parametrize(
    ("name", "organisation_id"),
    [("organisations/acme/a.md", "acme"), ("organisations/acme/", "acme"), ("organisations//a.md", None)],
)
def test_an_organisations_folder_is_told_by_its_name(name: str, organisation_id: str | None) -> None:
    assert organisation_of(name) == organisation_id


def test_managers_manage_their_own_organisation_and_administrators_every_one() -> None:
    assert may_manage(ZOE, "acme")
    assert not may_manage(ZOE, "default")
    assert not may_manage(ZOE, None)
    assert not may_manage(YAN, "acme")
    assert may_manage(ROOT, "acme")
