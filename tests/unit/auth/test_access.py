"""Who may read and who may change a document."""

import pytest

from shared.auth.access import filter_for, may_change, may_read
from shared.domain import EVERYONE, Document, DocumentStatus, Principal, user_reader

ADA = Principal(user_id="ada", email="ada@example.org")
ROOT = Principal(user_id="root", email="root@example.org", is_administrator=True)


def document(owner: str | None, *readers: str, status: DocumentStatus = DocumentStatus.INDEXED) -> Document:
    return Document(id="d", name="n", owner_id=owner, readers=frozenset(readers), status=status)


def test_a_search_is_filtered_by_the_principal_and_everyone() -> None:
    assert filter_for(ADA) == {EVERYONE, user_reader("ada")}


def test_administrators_search_no_more_than_others() -> None:
    assert filter_for(ROOT) == {EVERYONE, user_reader("root")}


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


def test_a_deleted_document_is_nobodys_to_read() -> None:
    assert not may_read(ADA, document("ada", EVERYONE, user_reader("ada"), status=DocumentStatus.DELETED))


@pytest.mark.parametrize(
    ("principal", "owner", "allowed"),
    [(ADA, "ada", True), (ADA, "bob", False), (ROOT, "bob", False), (ADA, None, False), (ROOT, None, True)],
)
def test_owners_change_their_own_and_administrators_what_is_shared(
    principal: Principal, owner: str | None, allowed: bool
) -> None:
    assert may_change(principal, document(owner, EVERYONE)) is allowed
