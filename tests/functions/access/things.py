"""Who asks, and what they ask for: a small installation of two organisations. Used by the tests beside it."""

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from uuid import uuid4

from shared.auth import personal_tokens
from shared.auth.key_ring import KeyRing
from shared.auth.tokens import AccessTokens
from shared.domain import (
    DEFAULT_ORGANISATION,
    DocumentStatus,
    Group,
    Organisation,
    PersonalToken,
    Principal,
    RefreshToken,
    Scope,
    Turn,
    User,
    user_reader,
)
from shared.ingest import pipeline
from shared.services import Services
from tests.stand_ins.entra_tenant import Tenant
from tests.stand_ins.pipeline_services import put

Nobody: TypeAlias = Literal["anonymous", "garbage", "expired", "revoked", "disabled", "expired_personal"]
Actor: TypeAlias = Literal[
    "other",
    "owner",
    "reader",
    "stranger",
    "manager",
    "foreign_manager",
    "administrator",
    "service",
    "query",
    "ingest",
    "admin",
]
NOBODIES: tuple[Nobody, ...] = get_args(Nobody)
ACTORS: tuple[Actor, ...] = get_args(Actor)
ACME = "a" * 32  # the organisation of the stranger and the foreign manager
ENTRA = Tenant("https://login.microsoftonline.com")
_SERVICE = "5e5e5e5e-1111-4222-8333-444444444444"
_PEOPLE: dict[str, str] = {
    "administrator": DEFAULT_ORGANISATION,  # the first: of the installation
    "other": DEFAULT_ORGANISATION,
    "owner": DEFAULT_ORGANISATION,
    "reader": DEFAULT_ORGANISATION,
    "manager": DEFAULT_ORGANISATION,
    "disabled": DEFAULT_ORGANISATION,
    "stranger": ACME,
    "foreign_manager": ACME,
}
# A machine's token is somebody's.
_MACHINES: dict[str, tuple[str, Scope]] = {
    "query": ("owner", "query"),
    "ingest": ("owner", "ingest"),
    "admin": ("administrator", "admin"),
}


@dataclass(frozen=True, kw_only=True)
class Things:
    """The ids of what belongs to the owner, or is missing: then they are shaped alike."""

    document: str
    conversation: str
    user: str
    group: str
    session: str
    token: str
    organisation: str
    index: str


class Installation:
    """`await Installation.of(services, keys)`; the keys are those of the services."""

    def __init__(self, services: Services, keys: KeyRing) -> None:
        self._services = services
        self._keys = keys

    @classmethod
    async def of(cls, services: Services, keys: KeyRing) -> "Installation":
        store = services.metadata
        await store.add_organisation(Organisation(id=ACME, name="Acme", created_at=1.0))
        for name, organisation in _PEOPLE.items():
            user = User(
                id=uuid_of(name),
                email=f"{name}@example.org",
                password_hash="",
                is_administrator=False,
                created_at=1.0,
                organisation_id=organisation,
                manages_organisation=name.endswith("manager"),
            )
            assert await store.add_user(user, first_is_administrator=True)
        return cls(services, keys)

    async def bearer(self, who: Actor | Nobody) -> dict[str, str]:
        """Headers with a token of a session of its own."""
        if who == "anonymous":
            return {}
        return {"Authorization": f"Bearer {await self._token(who)}"}

    async def things(self) -> Things:
        """New ones: a failed document that is shared with the reader, a turn, a group, a session, a token."""
        unique = uuid4().hex
        return Things(
            document=await self._document(f"users/{uuid_of('owner')}/{unique}.txt"),
            conversation=await self._conversation(unique),
            user=uuid_of("owner"),
            group=await self._group(unique),
            session=(await self._session("owner")).family_id,
            token=(await self._personal("owner", "ingest"))[1].id,
            organisation=DEFAULT_ORGANISATION,
            index=(await self._services.shelf.live()).version.name,
        )

    async def _token(self, who: Actor | Nobody) -> str:
        if who == "garbage":
            return "no.token.atall"
        if who == "service":
            return ENTRA.token(oid=_SERVICE, roles=["reader"], scp=..., idtyp="app")
        if who == "expired_personal":
            return (await self._personal("owner", "query", lifetime=-1.0))[0]
        if machine := _MACHINES.get(who):
            return (await self._personal(*machine))[0]
        store, tokens = self._services.metadata, self._services.access_tokens
        name = "owner" if who in ("expired", "revoked") else who
        link = await self._session(name)
        user = await store.user(uuid_of(name))
        assert user is not None
        if who == "expired":
            tokens = AccessTokens(keys=self._keys, issuer="rag", audience="rag", lifetime=-61.0)
        token = await tokens.issue(user, link.family_id)
        if who == "revoked":
            await store.revoke_family(link.family_id, now=time.time())
        if who == "disabled":
            assert await store.set_user(user.id, is_disabled=True)
        return token

    async def _session(self, name: str) -> RefreshToken:
        now = time.time()
        link = RefreshToken(
            token_hash=uuid4().hex,
            family_id=uuid4().hex,
            user_id=uuid_of(name),
            issued_at=now,
            expires_at=now + 3600,
        )
        assert await self._services.metadata.add_refresh_token(link)
        return link

    async def _personal(
        self, name: str, scope: Scope, *, lifetime: float = 3600.0
    ) -> tuple[str, PersonalToken]:
        owner = Principal(
            user_id=uuid_of(name), email="", family_id="f", is_administrator=name == "administrator"
        )
        store = self._services.metadata
        await store.remove_personal_tokens(owner.user_id)
        return await personal_tokens.create(uuid4().hex, [scope], lifetime, owner=owner, tokens=store)

    async def _document(self, name: str) -> str:
        await put(self._services, "The warranty lasts two years.", name)
        blob = await self._services.blobs.head(name)
        assert blob is not None
        document = await pipeline.announce(blob, self._services)
        store = self._services.metadata
        readers = {user_reader(uuid_of("owner")), user_reader(uuid_of("reader"))}
        assert await store.set_readers(document.id, frozenset(readers), now=1.0)
        assert await store.set_status(document.id, 0, DocumentStatus.FAILED, reason="it is broken", now=1.0)
        return document.id

    async def _conversation(self, conversation_id: str) -> str:
        turn = Turn(
            request_id="request",
            question="How long is the warranty?",
            answer="Two years.",
            citations=(),
            asked_at=1.0,
        )
        assert await self._services.metadata.add_turn(
            conversation_id, uuid_of("owner"), turn, title="Warranty", max_turns=9
        )
        return conversation_id

    async def _group(self, group_id: str) -> str:
        group = Group(id=group_id, organisation_id=DEFAULT_ORGANISATION, name=group_id[:8], created_at=1.0)
        assert await self._services.metadata.add_group(group)
        assert await self._services.metadata.add_member(group_id, uuid_of("owner"))
        return group_id


def uuid_of(name: str) -> str:
    """The id of the account of this name, shaped as accounts' ids are."""
    return name.encode().hex().ljust(32, "0")[:32]


def missing() -> Things:
    """What there is not."""
    unique = uuid4().hex
    return Things(
        document=unique,
        conversation=unique,
        user=unique,
        group=unique,
        session=unique,
        token=unique,
        organisation=unique,
        index="documents-v9-20260101000000",
    )
