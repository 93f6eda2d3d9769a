"""The API over real local stores in a folder, with eight people signed in, and the truth beside it."""

import hashlib
import io
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from functions.api import build_api
from functions.dependencies import Runtime
from shared.domain import (
    DEFAULT_ORGANISATION,
    Organisation,
    RefreshToken,
    User,
)
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.services import Limits, Services
from shared.settings import read_settings
from shared.telemetry.logs import JsonLines
from tests.isolation.canaries import canaries_in
from tests.isolation.speaker import EchoModel
from tests.isolation.truth import ORGANISATIONS, Kind, Leak, Person, Truth
from tests.stand_ins.asgi_client import over
from tests.stand_ins.gullible_index import GullibleIndexes
from tests.stand_ins.index_building import building_services
from tests.stand_ins.titled_parser import TitledParser

COMMON = "What do people say of pumps?"  # that everybody asks alike
_LIMITS = Limits(
    answer_ttl=60.0,
    history_tokens=4_000,
    context_tokens=6_000,
    neighbours=2,
    follow_ups=2,
    expansion="multi_query",
)


class World:
    """`is_gullible`: its indexes take nothing away, so that all depends on what is checked after them."""

    def __init__(
        self, folder: Path, truth: Truth, *, is_gullible: bool = False, model: EchoModel | None = None
    ) -> None:
        self.folder, self.truth, self.is_gullible = folder, truth, is_gullible
        self.model = model or EchoModel()
        self.log = io.StringIO()
        self.tokens: dict[str, str] = {}  # access tokens, by the name of a person
        settings = read_settings(data=folder, requests_per_minute=0, requests_per_minute_address=0)
        self.runtime = Runtime(settings, self._open_services)
        self._closing = AsyncExitStack()
        self.api = build_api(self.runtime)
        self.http = over(self.api)

    async def _open_services(self, settings: Any, metrics: Any) -> Services:
        indexes = EmbeddedSearchIndexes(settings.data / "index")
        return building_services(
            settings.data,
            chat_model=self.model,
            parsers=TitledParser(),
            limits=_LIMITS,
            metrics=metrics,
            indexes=GullibleIndexes(indexes) if self.is_gullible else indexes,
        )

    async def open(self) -> "World":
        self._record_log()
        await self._closing.enter_async_context(self.http)
        self._closing.push_async_callback(self.runtime.close)
        services = await self.services()
        for person in self.truth.people:
            user = await services.metadata.user(person.user_id)
            if user is not None:  # of the folder
                self.tokens[person.name] = await services.access_tokens.issue(user, f"{person.name} 0")
        return self

    async def close(self) -> None:
        await self._closing.aclose()

    async def services(self) -> Services:
        return await self.runtime.services()

    async def found(self) -> None:
        """The organisations, the accounts with their sessions, and the groups of the truth."""
        metadata, now = (await self.services()).metadata, time.time()
        for number, each in enumerate(ORGANISATIONS):
            if each != DEFAULT_ORGANISATION:
                await metadata.add_organisation(Organisation(id=each, name=f"house {number}", created_at=now))
        for person in self.truth.people:
            user = User(
                id=person.user_id,
                email=person.email,
                password_hash="",
                is_administrator=person.is_administrator,
                manages_organisation=person.manages,
                organisation_id=person.organisation,
                created_at=now,
            )
            await metadata.add_user(user, first_is_administrator=False)
            await self.sign_in(person)
        ids = {person.name: person.user_id for person in self.truth.people}
        for circle in self.truth.circles:
            assert await metadata.add_group(circle.group)
            for name in sorted(circle.members):
                assert await metadata.add_member(circle.group.id, ids[name])

    async def sign_in(self, person: Person) -> None:
        """Without the work that a password takes."""
        services, now = await self.services(), time.time()
        family = f"{person.name} {person.sessions}"
        session = RefreshToken(
            token_hash=hashlib.sha256(family.encode()).hexdigest(),
            family_id=family,
            user_id=person.user_id,
            issued_at=now,
            expires_at=now + 24 * 3600,
        )
        assert await services.metadata.add_refresh_token(session)
        user = await services.metadata.user(person.user_id)
        assert user is not None
        self.tokens[person.name] = await services.access_tokens.issue(user, family)
        person.sessions += 1

    async def say(
        self,
        person: Person,
        method: str,
        path: str,
        *kinds: Kind,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        **body: Any,
    ) -> httpx.Response:
        """What the API answers this person, once it is judged as of these kinds. Errors: `Leak`."""
        bearer = {"Authorization": f"Bearer {token or self.tokens[person.name]}"}
        response = await self.http.request(method, path, headers={**bearer, **(headers or {})}, **body)
        self._judge(person, kinds, response)
        return response

    async def hear(self, path: str) -> None:
        """What anybody is told without a token: nothing private. Errors: `Leak`."""
        said = (await self.http.get(path)).text
        if private := canaries_in(said) & self.truth.issued:
            raise Leak(f"everybody is told {sorted(private)} by {path}: {said}")

    def _judge(self, person: Person, kinds: tuple[Kind, ...], response: httpx.Response) -> None:
        said = f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
        words = canaries_in(f"{response.headers}\n{response.text}") & self.truth.issued
        if secrets := words - self.truth.allowed(person, kinds):
            raise Leak(f"{person.name} is told {sorted(secrets)} by {said}")
        if person.is_disabled and response.status_code != 401:
            raise Leak(f"{person.name}, who is disabled, is let in by {said}")
        if response.status_code >= 500:
            raise Leak(f"{person.name} is told nothing at all by {said}")
        if "documents" not in kinds:
            person.told |= words - person.typed

    def check_log(self) -> None:
        """Nothing private is in what was logged since the last time. Errors: `Leak`."""
        lines = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        private = canaries_in(lines) & self.truth.issued
        if private or COMMON in lines or "@example.org" in lines:
            raise Leak(f"the log has {sorted(private) or 'a question or an address'}: {lines}")

    def _record_log(self) -> None:
        """What a process that logs at INFO would have written; the test's own client is not part of it."""
        recorder, root = logging.StreamHandler(self.log), logging.getLogger()
        recorder.setFormatter(JsonLines())
        recorder.addFilter(lambda record: not record.name.startswith("httpx"))
        self._closing.callback(root.setLevel, root.level)
        self._closing.callback(root.removeHandler, recorder)
        root.addHandler(recorder)
        root.setLevel(logging.INFO)
