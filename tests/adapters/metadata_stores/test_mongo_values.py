"""Values are values: nothing that a user can send is taken as an operator, a pattern or a field."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain import (
    BlobProperties,
    Document,
    DocumentStatus,
    FolderDefault,
    Group,
    Organisation,
    PersonalToken,
    RefreshToken,
    Turn,
    User,
)
from shared.errors import InvalidRequest
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES

T = 4_000_000_000.0  # no TTL index has expired it
ANN = User(id="ann", email="ann@x", password_hash="h", is_administrator=True, created_at=1.0)
MACHINE = PersonalToken(
    id="m", token_hash="h", user_id="ann", name="m", scopes=frozenset(), created_at=1.0, expires_at=T
)
DOCUMENT = Document(
    id="d", name="shared/d.md", owner_id=None, readers=frozenset({"everyone"}), status=DocumentStatus.QUEUED
)
ACME = Organisation(id="acme", name="Acme", created_at=1.0)
GROUP = Group(id="g", organisation_id="default", name="g", created_at=1.0)
FOLDER = FolderDefault(folder="shared/", readers=frozenset({"user:ann"}))
TURN = Turn(question="?", answer="!", citations=(), asked_at=1.0)
OPERATORS: list[Any] = [
    {"$ne": None},
    {"$gt": ""},
    {"$regex": "."},
    {"$exists": True},
    {"$where": "true"},
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES["mongo"](tmp_path) as store:
        await store.announce(DOCUMENT, etag="e")
        await store.add_user(ANN, first_is_administrator=True)
        token = RefreshToken(token_hash="t", family_id="f", user_id="ann", issued_at=T, expires_at=T + 9)
        await store.add_refresh_token(token)
        await store.add_personal_token(MACHINE)
        await store.add_turn("c", "ann", TURN, title="t", max_turns=3)
        await store.add_organisation(ACME)
        await store.add_group(GROUP)
        await store.add_member("g", "ann")
        await store.set_folder_default(FOLDER)
        yield store


@pytest.mark.parametrize("value", OPERATORS, ids=str)
async def test_what_looks_like_an_operator_finds_nothing(store: MetadataStore, value: Any) -> None:
    assert await store.document(value) is None
    assert await store.documents([value]) == {}
    assert await store.list_documents(readers=frozenset({str(value)})) == []
    assert await store.list_documents(readers=None, tag=value) == []
    assert await store.user(value) is None
    assert await store.user_by_email(value) is None
    assert await store.refresh_token(value) is None
    assert not await store.family_is_live(value, now=T)
    assert await store.personal_token(value) is None
    assert await store.personal_tokens(value) == []
    assert await store.conversation("c", value) is None
    assert await store.conversation(value, "ann") is None
    assert await store.list_conversations(value) == []
    assert await store.standing(value) is None
    assert await store.list_users(organisation_id=value) == []
    assert await store.group(value) is None
    assert await store.groups(value) == []
    assert await store.members(value) == []
    assert await store.folder_defaults([value]) == []


@pytest.mark.parametrize("value", OPERATORS, ids=str)
async def test_what_looks_like_an_operator_changes_nothing(store: MetadataStore, value: Any) -> None:
    blob = BlobProperties(name="d", etag="e2", size=1, modified_at=1.0)
    assert await store.claim(value, blob, now=2.0) is None
    assert not await store.requeue(value, now=2.0)
    assert not await store.set_tags(value, frozenset({"stolen"}), now=2.0)
    assert not await store.set_status("d", value, DocumentStatus.FAILED, reason="x", now=2.0)
    assert await store.bury(value, now=2.0) is None
    assert await store.claim_refresh_token(value, now=T) is None
    await store.revoke_family(value, now=T)
    await store.revoke_user_tokens(value, now=T)
    await store.set_password_hash(value, "stolen")
    assert not await store.remove_personal_token(value, user_id="ann")
    assert not await store.remove_personal_token("m", user_id=value)
    await store.remove_personal_tokens(value)
    assert not await store.rename_conversation("c", value, "stolen")
    assert not await store.delete_conversation("c", value)
    assert not await store.add_turn("c", value, TURN, title="t", max_turns=3)
    assert await store.document("d") == DOCUMENT
    assert await store.user("ann") == ANN
    assert await store.family_is_live("f", now=T)
    assert await store.personal_tokens("ann") == [MACHINE]
    kept = await store.conversation("c", "ann")
    assert kept is not None
    assert (kept.title, kept.turns) == ("t", (TURN,))


@pytest.mark.parametrize("value", OPERATORS, ids=str)
async def test_what_looks_like_an_operator_changes_nothing_about_people(
    store: MetadataStore, value: Any
) -> None:
    assert await store.set_user(value, is_disabled=True) is None
    assert not await store.rename_organisation(value, "stolen")
    assert not await store.remove_organisation(value)
    assert not await store.rename_group(value, "stolen")
    assert not await store.remove_group(value)
    assert not await store.add_member(value, "ann")
    assert not await store.add_member("g", value)
    assert not await store.remove_member(value, "ann")
    assert not await store.remove_member("g", value)
    assert await store.user("ann") == ANN
    assert await store.members("g") == [ANN]
    assert ACME in await store.organisations()
    assert await store.group("g") == GROUP
    assert await store.list_folder_defaults(prefix="") == [FOLDER]
    assert await store.list_folder_defaults(prefix=".*") == []


async def test_a_pattern_among_values_is_none(store: MetadataStore) -> None:
    pattern: Any = re.compile(".")
    assert await store.documents([pattern]) == {}
    assert await store.list_documents(readers=frozenset({pattern})) == []
    assert await store.folder_defaults([pattern]) == []


@pytest.mark.parametrize("text", ["$name", "$$ROOT", "$set", "a.b", "", "__proto__", "a\0b"])
async def test_text_is_stored_as_it_is(store: MetadataStore, text: str) -> None:
    await store.set_status("d", 0, DocumentStatus.QUEUED, reason=text, now=2.0)
    assert await store.document("d") == replace(DOCUMENT, reason=text, updated_at=2.0)
    assert await store.add_turn(text, text, replace(TURN, question=text), title=text, max_turns=3)
    kept = await store.conversation(text, text)
    assert kept is not None
    assert (kept.title, kept.turns[0].question) == (text, text)


async def test_text_that_is_not_unicode_is_the_callers_fault(store: MetadataStore) -> None:
    with pytest.raises(InvalidRequest, match="Unicode"):
        await store.document("\ud800")
    with pytest.raises(InvalidRequest, match="Unicode"):
        await store.rename_conversation("c", "ann", "\ud800")


async def test_what_a_server_cannot_hold_is_the_callers_fault(store: MetadataStore) -> None:
    with pytest.raises(InvalidRequest, match="too large"):
        await store.add_turn("c", "ann", replace(TURN, answer="x" * 17_000_000), title="t", max_turns=3)
