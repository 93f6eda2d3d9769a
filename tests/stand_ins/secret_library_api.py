"""The API over a secret library, with its people signed in. Where they are known, a name is a token."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from functions.api import build_api
from functions.dependencies import Runtime
from shared.domain import ParsedDocument, Principal, User
from shared.services import Limits, Services
from shared.settings import read_settings
from tests.stand_ins.index_building import building_services
from tests.stand_ins.pipeline_services import PlainParser
from tests.stand_ins.secret_library import GROUPS, Directory, Person, SecretLibrary

NAMES = ("root", "ada", "cat", "dan")
_LIMITS = Limits(
    answer_ttl=60.0,
    history_tokens=4_000,
    context_tokens=6_000,
    neighbours=2,
    follow_ups=2,
    expansion="multi_query",
)


class TitledParser(PlainParser):
    """The first line is the title, and no part of the pages."""

    async def parse(self, path: Path, name: str) -> ParsedDocument:
        parsed = await super().parse(path, name)
        title, _, rest = parsed.pages[0].text.partition("\n")
        return replace(parsed, title=title, pages=(replace(parsed.pages[0], text=rest), *parsed.pages[1:]))


@asynccontextmanager
async def secret_library(folder: Path, model: Any, **plugs: Any) -> AsyncIterator[SecretLibrary]:
    directory = Directory()

    async def open_services(settings: Any, metrics: Any) -> Services:
        return building_services(
            settings.data,
            chat_model=model,
            parsers=TitledParser(),
            entra_tokens=directory,
            limits=_LIMITS,
            metrics=metrics,
            **plugs,
        )

    runtime = Runtime(
        read_settings(data=folder, requests_per_minute=0, requests_per_minute_address=0), open_services
    )
    api = build_api(runtime)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runtime.close)
        services = await runtime.services()
        people = [_person(number, name, directory, api) for number, name in enumerate(NAMES)]
        for person in people:
            await stack.enter_async_context(person.http)
        ada = people[1].principal  # the others' accounts are in the directory alone
        user = User(id=ada.user_id, email=ada.email, password_hash="", is_administrator=False, created_at=1e9)
        await services.metadata.add_user(user, first_is_administrator=False)
        yield SecretLibrary(services, directory, people)


def _person(number: int, name: str, directory: Directory, api: FastAPI) -> Person:
    principal = Principal(
        user_id=f"00000000-0000-4000-8000-{number:012d}",
        email=f"{name}@example.org",
        is_administrator=name == "root",
        groups=frozenset(GROUPS[:1]) if name == "cat" else frozenset(),
    )
    directory.principals[name] = principal
    heard: list[httpx.Response] = []

    async def hear(response: httpx.Response) -> None:
        heard.append(response)

    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(api),
        base_url="http://test",
        headers={"Authorization": f"Bearer {name}"},
        event_hooks={"response": [hear]},
    )
    return Person(name=name, principal=principal, http=http, heard=heard)
