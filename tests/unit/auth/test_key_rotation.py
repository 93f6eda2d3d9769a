"""Keys are changed while people work, and nobody notices; a withdrawn one ends soon. `-s` shows figures."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import jwt
import pytest

from shared.auth.entra_keys import TenantKeys
from shared.auth.key_ring import KeyRing
from shared.auth.keys import create_key
from shared.auth.tokens import AccessTokens
from shared.domain import Principal
from shared.errors import NotAuthenticated
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.entra_tenant import TENANT, tokens_of
from tests.stand_ins.token_issuers import ADA_OF_ENTRA, own_issuer
from tests.stand_ins.versioned_secrets import (
    ADA,
    INTERVAL,
    LONG_AGO,
    NEW,
    OLD,
    Clock,
    VersionedSecrets,
    key_id,
    settle,
)

WORKERS = 4
SECONDS = 4.0  # of load at the least
PATIENCE = 60.0  # seconds, for the workers to get on
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Worker:
    """What a process has of its own."""

    issue: Callable[[], Awaitable[str]]
    verify: Callable[[str], Awaitable[Principal]]
    close: Callable[[], Awaitable[None]]


class Load:
    """Workers with a thread and a loop each. Each checks the newest token of each, and an unknown key."""

    def __init__(self, junk: str) -> None:
        self._junk = junk
        self._is_over = threading.Event()
        self.laps, self.failed, self.fooled = ([0] * WORKERS for _ in range(3))
        self.newest: list[str | None] = [None] * WORKERS

    @contextmanager
    def of(self, open_worker: Callable[[], Worker]) -> Iterator[None]:
        with ThreadPoolExecutor(WORKERS) as threads:
            working = [
                threads.submit(lambda n=n: asyncio.run(self._work(n, open_worker()))) for n in range(WORKERS)
            ]
            try:
                yield
            finally:
                self._is_over.set()
                for each in working:
                    each.result()

    async def _work(self, number: int, worker: Worker) -> None:
        try:
            while not self._is_over.is_set():
                self.newest[number] = await worker.issue()
                for token in filter(None, list(self.newest)):
                    self.failed[number] += not await accepts(worker.verify, token)
                self.fooled[number] += await accepts(worker.verify, self._junk)
                self.laps[number] += 1
        finally:
            await worker.close()

    def go_on(self) -> None:
        """Until every worker has been all the way round, from here on."""
        before = list(self.laps)
        self.until(lambda: all(now >= then + 2 for now, then in zip(self.laps, before, strict=True)))

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "the workers stand still"
            time.sleep(0.01)

    def check(self, kind: str, changes: int) -> None:
        requests = sum(self.laps) * WORKERS
        print(f"{kind}: {changes} changes of the key, {requests:,} requests, {sum(self.failed)} failed")
        assert changes >= 3
        assert sum(self.failed) == sum(self.fooled) == 0


@pytest.mark.slow
async def test_our_own_key_is_changed_under_load_without_a_failed_request() -> None:
    issuer = await own_issuer()
    store = VersionedSecrets((OLD, LONG_AGO))
    load = Load(junk=issuer.token(header=issuer.header | {"kid": "junk"}))

    def open_worker() -> Worker:
        ring = KeyRing(store, "jwt-signing-key", refresh_after=0.4, retry_after=0.3)
        tokens = AccessTokens(keys=ring, issuer="rag", audience="rag", lifetime=900)
        return Worker(issue=lambda: tokens.issue(ADA, "family"), verify=tokens.verify, close=tokens.close)

    def change_keys() -> int:
        old, changes, over_at = OLD, 0, time.monotonic() + SECONDS
        with load.of(open_worker):
            while changes < 3 or time.monotonic() < over_at:
                new = create_key()
                store.hold((new, 0.0), (old, LONG_AGO))
                load.until(lambda signer=key_id(new): {signer} == set(map(signer_of, load.newest)))
                load.go_on()
                store.hold((new, LONG_AGO))
                load.go_on()
                old, changes = new, changes + 1
        return changes

    load.check("own keys", await asyncio.to_thread(change_keys))


@pytest.mark.slow
def test_the_tenants_key_is_changed_under_load_without_a_failed_request() -> None:
    clock, changes = Clock(), 0
    with EntraServer() as entra:
        load = Load(junk=entra.token(oid=ADA_OF_ENTRA, header={"kid": "junk"}))

        def open_worker() -> Worker:
            tokens = tokens_of(
                entra, keys=TenantKeys(authority=entra.authority, tenant_id=TENANT, clock=clock)
            )

            async def issue() -> str:
                return entra.token(oid=ADA_OF_ENTRA)

            return Worker(issue=issue, verify=tokens.verify, close=tokens.close)

        over_at = time.monotonic() + SECONDS
        with load.of(open_worker):
            while changes < 3 or time.monotonic() < over_at:
                for change in (entra.announce, entra.rotate, entra.withdraw_old):
                    change()
                    clock.now += 31.0  # so that the unknown key makes every worker ask again
                    load.go_on()
                changes += 1
        load.check("a tenant's keys", changes)
        assert entra.requests["keys"] <= WORKERS * (1 + 3 * changes)


async def test_a_withdrawn_key_of_ours_is_refused_within_the_interval(
    process: Callable[[VersionedSecrets], AccessTokens], clock: Clock
) -> None:
    token = await process(VersionedSecrets((OLD, LONG_AGO))).issue(ADA, "family")
    store = VersionedSecrets((NEW, LONG_AGO), (OLD, 2 * LONG_AGO))
    tokens, started = process(store), clock.now
    assert await accepts(tokens.verify, token)
    store.hold((NEW, LONG_AGO))
    while await accepts(tokens.verify, token):
        clock.now += 1
        await settle()
    print(f"a withdrawn key of ours is refused after {clock.now - started:.0f} s of {INTERVAL:.0f}")
    assert clock.now - started <= INTERVAL


async def test_a_withdrawn_key_of_the_tenant_is_refused_within_the_hour() -> None:
    clock = Clock()
    with EntraServer() as entra:
        keys = TenantKeys(authority=entra.authority, tenant_id=TENANT, clock=clock)
        tokens, token, started = tokens_of(entra, keys=keys), entra.token(oid=ADA_OF_ENTRA), clock.now
        await tokens.verify(token)
        entra.rotate()
        entra.withdraw_old()
        while await accepts(tokens.verify, token):
            clock.now += 10
        await keys.close()
    print(f"a withdrawn key of the tenant is refused after {clock.now - started:.0f} s of {HOUR}")
    assert clock.now - started <= HOUR


async def accepts(verify: Callable[[str], Awaitable[Principal]], token: str) -> bool:
    try:
        await verify(token)
    except NotAuthenticated:
        return False
    return True


def signer_of(token: str | None) -> str | None:
    return jwt.get_unverified_header(token)["kid"] if token else None
