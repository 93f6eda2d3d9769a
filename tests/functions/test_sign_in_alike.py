"""What a stranger learns from a refused sign-in, by its words, its headers and its time: nothing."""

import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from functions.api import build_api
from functions.dependencies import Runtime
from shared.auth.guesses import MOST_GUESSES, take_place
from shared.domain import User
from shared.services import Services
from shared.settings import read_settings
from tests.planted import planted

_PASSWORD = planted("password")
_ROUNDS = 40  # at least, of each kind
_GAP = 0.005  # seconds between medians
_PATIENCE = 90.0  # seconds: on a busy machine medians take more rounds to settle


@pytest.fixture
async def unlimited(runtime: Runtime) -> AsyncIterator[Runtime]:
    """No limit of one address: all of these come from one."""
    runtime = Runtime(read_settings(data=runtime.settings.data, failed_sign_ins=0), runtime._open_services)
    yield runtime
    await runtime.close()


class Strangers:
    """Tries to sign in; each kind of refusal has accounts enough that none is locked by accident."""

    def __init__(self, http: httpx.AsyncClient, services: Services, password_hash: str) -> None:
        self._http = http
        self._services = services
        self._active = User(
            id="", email="", password_hash=password_hash, is_administrator=False, created_at=0.0
        )
        self._wrong: Iterator[str] = iter(())
        self._disabled: Iterator[str] = iter(())
        self._locked = ""

    async def prepare(self, accounts: int) -> None:
        wrong = [await self._add(self._active) for _ in range(accounts)]
        disabled = [await self._add(replace(self._active, is_disabled=True)) for _ in range(accounts)]
        self._wrong, self._disabled = itertools.cycle(wrong), itertools.cycle(disabled)
        self._locked = await self._add(self._active)
        for _ in range(MOST_GUESSES):
            assert await take_place(f"sign-in:{self._locked}", self._services.cache)

    async def unknown(self) -> httpx.Response:
        return await self._try(f"{uuid4().hex}@example.org", _PASSWORD)

    async def wrong(self) -> httpx.Response:
        return await self._try(next(self._wrong), "wrong horse")

    async def locked(self) -> httpx.Response:
        return await self._try(self._locked, _PASSWORD)

    async def disabled(self) -> httpx.Response:
        return await self._try(next(self._disabled), _PASSWORD)

    async def _try(self, email: str, password: str) -> httpx.Response:
        form = {"grant_type": "password", "username": email, "password": password}
        return await self._http.post("/api/auth/token", data=form)

    async def _add(self, user: User) -> str:
        name = uuid4().hex
        user = replace(user, id=name, email=f"{name}@example.org")
        assert await self._services.metadata.add_user(user, first_is_administrator=False)
        return user.email


@pytest.fixture
async def strangers(unlimited: Runtime) -> AsyncIterator[Strangers]:
    services = await unlimited.services()
    transport = httpx.ASGITransport(build_api(unlimited))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        strangers = Strangers(http, services, await services.passwords.hash(_PASSWORD))
        await strangers.prepare(accounts=200)
        yield strangers


async def test_unknown_wrong_locked_and_disabled_get_one_answer(strangers: Strangers) -> None:
    kinds = (strangers.unknown, strangers.wrong, strangers.locked, strangers.disabled)
    told = [await kind() for kind in kinds]
    assert {response.status_code for response in told} == {401}
    assert len({str(response.json() | {"request_id": ""}) for response in told}) == 1
    varying = {"x-request-id": ""}
    assert len({str({**response.headers, **varying}) for response in told}) == 1


class Times:
    """Of one kind of refusal, in seconds."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._cpu: list[float] = []

    async def take(self, kind: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter(), time.process_time()
        await kind()
        self._wall.append(time.perf_counter() - began[0])
        self._cpu.append(time.process_time() - began[1])

    @property
    def median(self) -> float:
        return statistics.median(self._wall)

    @property
    def slowdown(self) -> float:
        """How much longer everything takes, gaps too, as other processes have the processor."""
        return max(1.0, self.median / statistics.median(self._cpu))


@pytest.mark.slow
async def test_unknown_wrong_locked_and_disabled_take_one_time(strangers: Strangers) -> None:
    kinds = (strangers.unknown, strangers.wrong, strangers.locked, strangers.disabled)
    taken = {kind: Times() for kind in kinds}
    await strangers.unknown()  # the first check of all does more
    deadline = time.monotonic() + _PATIENCE
    gap, rounds = _GAP + 1.0, 0
    while gap > _GAP and time.monotonic() < deadline:
        for _ in range(_ROUNDS):
            for kind, times in taken.items():
                await times.take(kind)
        rounds += _ROUNDS
        medians = [times.median for times in taken.values()]
        gap = (max(medians) - min(medians)) / min(times.slowdown for times in taken.values())
    shown = ", ".join(f"{kind.__name__} {1000 * times.median:.1f}" for kind, times in taken.items())
    print(f"medians of {rounds} rounds in ms: {shown}; gap without the machine's other work {1000 * gap:.2f}")
    assert gap <= _GAP
