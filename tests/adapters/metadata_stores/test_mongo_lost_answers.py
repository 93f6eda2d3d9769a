"""Writes whose answer is lost: applied once, and answered as if nothing had happened."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from shared.domain import (
    BlobProperties,
    DailyUsage,
    Document,
    DocumentStatus,
    Feedback,
    FolderDefault,
    Group,
    IndexVersion,
    Organisation,
    PersonalToken,
    RefreshToken,
    Spent,
    Turn,
    User,
)
from shared.metadata_stores.mongo import MongoMetadataStore
from tests.adapters.metadata_stores.faulty_mongo import faulty_mongo
from tests.servers import mongo

T = 4_000_000_000.0  # no TTL index has expired it


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[tuple[MongoMetadataStore, MongoMetadataStore]]:
    """One on a sound connection, one that loses the first answer to every write."""
    async with faulty_mongo() as proxy:
        proxy.loses_writes = True
        sound = MongoMetadataStore(uri=mongo.address(), database=mongo.database_for(tmp_path / "sound"))
        lossy = MongoMetadataStore(uri=proxy.uri, database=mongo.database_for(tmp_path / "lossy"))
        yield sound, lossy
        await sound.close()
        await lossy.close()


Told: TypeAlias = list[object]
Story: TypeAlias = Callable[[MongoMetadataStore], Awaitable[Told]]


async def publish(store: MongoMetadataStore, *, now: float) -> bool:
    return await store.publish(
        "d",
        1,
        index="i1",
        content_hash="h",
        title="t",
        pages=1,
        page_kind="page",
        chunks=2,
        timings=(),
        now=now,
    )


async def documents(store: MongoMetadataStore) -> Told:
    given = Document(
        id="d", name="shared/d.md", owner_id=None, readers=frozenset({"user:u"}), status=DocumentStatus.QUEUED
    )
    blob = BlobProperties(name="shared/d.md", etag="e1", size=7, modified_at=1.0)
    return [
        await store.announce(given, etag="e1"),
        await store.claim("d", blob, now=2.0),
        await store.set_status("d", 1, DocumentStatus.EMBEDDING, reason=None, now=3.0),
        await publish(store, now=4.0),
        await store.hold("d", 1, index="i2"),
        await store.hold("d", 2, index="i2"),
        await store.forget_index("i1"),
        await store.announce(given, etag="e2"),
        await store.park("d", reason="x", event="{}", now=4.5),
        await store.park("d", reason="y", event="{}", now=4.5),
        await store.document("d"),
        await store.reject("d", 1, reason="x", now=5.0),
        await store.requeue("d", now=6.0),
        await store.set_readers("d", frozenset(), now=7.0),
        await store.set_tags("d", frozenset({"hr"}), now=7.0),
        await store.bury("d", now=8.0),
        await store.bury("d", now=9.0),
        await store.document("d"),
    ]


async def failure_and_return(store: MongoMetadataStore) -> Told:
    given = Document(id="d", name="d", owner_id="u", readers=frozenset(), status=DocumentStatus.QUEUED)
    blob = BlobProperties(name="d", etag="e1", size=7, modified_at=1.0)
    return [
        await store.announce(given, etag="e1"),
        await store.claim("d", blob, now=2.0),
        await store.set_status("d", 1, DocumentStatus.FAILED, reason="parked", now=3.0),
        await publish(store, now=4.0),
        await store.claim("d", blob, now=5.0),
        await store.bury("d", now=6.0),
        await store.announce(given, etag="e1"),
        await store.document("d"),
    ]


async def people(store: MongoMetadataStore) -> Told:
    def user(name: str) -> User:
        return User(id=name, email=f"{name}@x", password_hash="h", is_administrator=False, created_at=1.0)

    machine = PersonalToken(
        id="m", token_hash="m", user_id="u", name="m", scopes=frozenset(), created_at=1.0, expires_at=T
    )
    token = RefreshToken(token_hash="t", family_id="f", user_id="u", issued_at=T, expires_at=T + 9)
    return [
        await store.add_user(user("ann"), first_is_administrator=True),
        await store.add_user(user("ben"), first_is_administrator=True),
        await store.add_user(user("ann"), first_is_administrator=True),
        await store.set_password_hash("ann", "new"),
        await store.list_users(),
        await store.add_refresh_token(token),
        await store.claim_refresh_token("t", now=T + 1),
        await store.claim_refresh_token("t", now=T + 2),
        await store.revoke_family("f", now=T + 3),
        await store.refresh_token("t"),
        await store.purge_refresh_tokens(before=T),
        await store.add_personal_token(machine),
        await store.add_personal_token(machine),
        await store.remove_personal_token("m", user_id="u"),
        await store.remove_personal_token("m", user_id="u"),
    ]


async def organisations(store: MongoMetadataStore) -> Told:
    acme = Organisation(id="acme", name="Acme", created_at=1.0)
    group = Group(id="g", organisation_id="acme", name="HR", created_at=1.0)
    ann = User(
        id="ann",
        email="a@x",
        password_hash="h",
        is_administrator=True,
        created_at=1.0,
        organisation_id="acme",
    )
    return [
        await store.add_organisation(acme),
        await store.add_organisation(acme),
        await store.rename_organisation("acme", "default"),
        await store.rename_organisation("acme", "Acme & Co"),
        await store.add_user(ann, first_is_administrator=True),
        await store.set_user("ann", manages_organisation=True),
        await store.set_user("ann", is_disabled=True),
        await store.add_group(group),
        await store.rename_group("g", "Human Resources"),
        await store.add_member("g", "ann"),
        await store.standing("ann"),
        await store.remove_member("g", "ann"),
        await store.remove_member("g", "ann"),
        await store.remove_group("g"),
        await store.remove_group("g"),
        await store.remove_organisation("acme"),
        await store.organisations(),
    ]


async def folders(store: MongoMetadataStore) -> Told:
    def default(*readers: str) -> FolderDefault:
        return FolderDefault(folder="shared/", readers=frozenset(readers))

    return [
        await store.set_folder_default(default("user:u")),
        await store.set_folder_default(default("user:v")),
        await store.list_folder_defaults(prefix=""),
        await store.set_folder_default(default()),
        await store.list_folder_defaults(prefix=""),
    ]


async def conversations(store: MongoMetadataStore) -> Told:
    turns = [Turn(question="?", answer="!", citations=(), asked_at=float(number)) for number in range(3)]
    feedback = Feedback(
        user_id="ann", conversation_id="c", request_id="r", rating="up", comment="", given_at=1.0
    )
    return [
        *[await store.add_turn("c", "ann", turn, title="t", max_turns=50) for turn in turns],
        await store.add_turn("c", "ben", turns[0], title="t", max_turns=50),
        await store.rename_conversation("c", "ann", "better"),
        await store.conversation("c", "ann"),
        await store.add_feedback(feedback),
        await store.delete_conversation("c", "ann"),
        await store.delete_conversation("c", "ann"),
    ]


async def index_versions(store: MongoMetadataStore) -> Told:
    def version(number: int) -> IndexVersion:
        return IndexVersion(
            name=f"i{number}",
            base="i",
            number=number,
            embedder="e",
            dimension=3,
            chunk_chars=900,
            chunk_overlap=120,
            created_at=1.0,
        )

    return [
        await store.first_index(version(1)),
        await store.add_index(version(2)),
        await store.add_index(version(3)),
        await store.switch_index("i", "i2", expected="i1", now=2.0),
        await store.switch_index("i", "i2", expected="i1", now=3.0),
        await store.switch_index("i", "i1", expected="i2", now=4.0),
        await store.remove_index("i", "i2", now=5.0),
        await store.remove_index("i", "i2", now=6.0),
        await store.note_index("i", "i1", documents=1, chunks=2, gate="x"),
        await store.index_versions("i"),
    ]


async def usage(store: MongoMetadataStore) -> Told:
    def day(user_id: str) -> DailyUsage:
        return DailyUsage(user_id=user_id, day="2026-11-23", model="m", spent=Spent(questions=1, cost=7))

    return [
        await store.add_usage([day("ann"), day("ben"), day("ann")]),
        await store.add_usage([day("ann")]),
        await store.usage("ann", first_day="2026-11-23", last_day="2026-11-23"),
        await store.usage_by_user(first_day="2026-11-23", last_day="2026-11-23"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "story",
    [documents, failure_and_return, people, organisations, folders, conversations, index_versions, usage],
)
async def test_a_lost_answer_changes_no_answer(
    story: Story, stores: tuple[MongoMetadataStore, MongoMetadataStore]
) -> None:
    sound, lossy = stores
    assert await story(lossy) == await story(sound)
