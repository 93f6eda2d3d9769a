"""A tenant's keys, over HTTPS: kept, renewed once for all who wait, and never asked for without end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.auth.entra import EntraTokens
from shared.auth.entra_keys import TenantKeys
from shared.errors import BackendUnavailable, NotAuthenticated
from tests.servers.process import free_port
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.entra_tenant import TENANT, tokens_of

ADA = "ada00000-1111-4222-8333-444444444444"
HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def entra() -> Iterator[EntraServer]:
    with EntraServer() as entra:
        yield entra


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(entra: EntraServer, clock: Clock) -> AsyncIterator[TenantKeys]:
    keys = TenantKeys(authority=entra.authority, tenant_id=TENANT, timeout=2.0, clock=clock)
    yield keys
    await keys.close()


@pytest.fixture
def tokens(entra: EntraServer, keys: TenantKeys) -> EntraTokens:
    return tokens_of(entra, keys=keys)


async def refusals(tokens: EntraTokens, wanted: list[str]) -> int:
    async def is_refused(token: str) -> bool:
        try:
            await tokens.verify(token)
        except NotAuthenticated:
            return True
        return False

    return sum(await asyncio.gather(*map(is_refused, wanted)))


async def test_nothing_is_asked_for_before_a_token_comes(entra: EntraServer, tokens: EntraTokens) -> None:
    assert entra.requests["keys"] == 0
    assert (await tokens.verify(entra.token(oid=ADA))).user_id == ADA
    assert entra.requests["keys"] == 1


async def test_keys_are_kept_for_an_hour(entra: EntraServer, tokens: EntraTokens, clock: Clock) -> None:
    for passed, requests in ((0.0, 1), (HOUR - 1, 1), (2.0, 2), (HOUR - 1, 2)):
        clock.now += passed
        await tokens.verify(entra.token(oid=ADA))
        assert entra.requests["keys"] == requests


async def test_all_who_wait_at_the_start_share_one_request(entra: EntraServer, tokens: EntraTokens) -> None:
    entra.delay = 0.2
    await asyncio.gather(*(tokens.verify(entra.token(oid=ADA)) for _ in range(50)))
    assert entra.requests["keys"] == 1


async def test_who_gives_up_does_not_stop_it_for_the_others(entra: EntraServer, tokens: EntraTokens) -> None:
    entra.delay = 0.3
    first = asyncio.create_task(tokens.verify(entra.token(oid=ADA)))
    second = asyncio.create_task(tokens.verify(entra.token(oid=ADA)))
    while entra.requests["keys"] == 0:
        await asyncio.sleep(0.01)
    first.cancel()
    assert (await second).user_id == ADA
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_rotation_under_load_fails_no_request(
    entra: EntraServer, tokens: EntraTokens, clock: Clock
) -> None:
    old = [entra.token(oid=ADA) for _ in range(200)]
    await tokens.verify(old[0])
    clock.now += 60.0
    entra.rotate()
    new = [entra.token(oid=ADA) for _ in range(200)]
    mixed = [token for pair in zip(old, new, strict=True) for token in pair]
    assert await refusals(tokens, mixed) == 0
    assert entra.requests["keys"] == 2


async def test_a_withdrawn_key_is_refused_within_the_hour(
    entra: EntraServer, tokens: EntraTokens, clock: Clock
) -> None:
    token = entra.token(oid=ADA)
    await tokens.verify(token)
    entra.rotate()
    entra.withdraw_old()
    clock.now += HOUR + 1
    assert await refusals(tokens, [token]) == 1


async def test_a_thousand_unknown_key_ids_are_one_request_in_30_seconds(
    entra: EntraServer, tokens: EntraTokens, clock: Clock
) -> None:
    good = entra.token(oid=ADA)
    junk = [entra.token(oid=ADA, header={"kid": f"junk-{n}"}) for n in range(1000)]
    await tokens.verify(good)
    first = clock.now
    for n, (passed, requests) in enumerate([(0.1, 1), (10.0, 1), (29.9, 1), (30.0, 2), (59.9, 2)]):
        clock.now = first + passed
        assert await refusals(tokens, junk[n * 200 : (n + 1) * 200]) == 200
        assert entra.requests["keys"] == requests
    assert await refusals(tokens, [good]) == 0


async def test_the_known_keys_serve_while_entra_is_down(
    entra: EntraServer, tokens: EntraTokens, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    good = entra.token(oid=ADA)
    await tokens.verify(good)
    entra.is_down = True
    entra.rotate()
    clock.now += HOUR + 1
    assert await refusals(tokens, [good] * 100 + [entra.token(oid=ADA)] * 100) == 100
    assert entra.requests["keys"] == 2
    (line,) = [record for record in caplog.records if record.getMessage() == "entra_keys_not_renewed"]
    assert line.levelno == logging.WARNING
    assert "503" in line.event_fields["reason"]
    entra.is_down = False
    clock.now += 31.0
    assert await refusals(tokens, [good, entra.token(oid=ADA)]) == 0


async def test_who_brings_a_known_key_does_not_wait_for_a_server_that_failed_before(
    entra: EntraServer, tokens: EntraTokens, clock: Clock
) -> None:
    good = entra.token(oid=ADA)
    await tokens.verify(good)
    entra.is_down = True
    clock.now += HOUR + 1
    await tokens.verify(good)
    entra.is_down, entra.delay = False, 1.0
    clock.now += 31.0
    await asyncio.wait_for(tokens.verify(good), 0.9)


async def test_known_keys_serve_for_a_day_at_the_most(
    entra: EntraServer, keys: TenantKeys, clock: Clock
) -> None:
    known = entra.keys[0].id
    assert await keys.find(known)
    entra.is_down = True
    clock.now += 23 * HOUR
    assert await keys.find(known)
    clock.now += HOUR + 1
    with pytest.raises(BackendUnavailable):
        await keys.find(known)


async def test_without_any_keys_the_service_is_unavailable_and_not_the_token_wrong(
    entra: EntraServer, tokens: EntraTokens, clock: Clock
) -> None:
    entra.is_down = True
    for _ in range(100):
        with pytest.raises(BackendUnavailable, match="ENTRA_AUTHORITY"):
            await tokens.verify(entra.token(oid=ADA))
    assert entra.requests["keys"] == 1
    entra.is_down = False
    clock.now += 1.0
    assert (await tokens.verify(entra.token(oid=ADA))).user_id == ADA


async def test_nobody_at_the_address_is_told_as_such() -> None:
    keys = TenantKeys(authority=f"https://127.0.0.1:{free_port()}", tenant_id=TENANT)
    with pytest.raises(BackendUnavailable, match="ENTRA_TENANT_ID"):
        await keys.find("any")
    await keys.close()


@pytest.mark.parametrize("slow", [{"delay": 1.0}, {"drip": 0.05}], ids=str)
async def test_a_slow_answer_is_given_up(entra: EntraServer, clock: Clock, slow: dict[str, float]) -> None:
    vars(entra).update(slow)
    keys = TenantKeys(authority=entra.authority, tenant_id=TENANT, timeout=0.1, clock=clock)
    with pytest.raises(BackendUnavailable):
        await asyncio.wait_for(keys.find("any"), 0.9)
    await keys.close()


@pytest.mark.parametrize(
    "body",
    [b'{"keys":[]}', b"[]", b"<html>", b'{"keys":{}}', b'{"keys":[1, null]}'],
    ids=["none", "list", "html", "object", "no keys"],
)
async def test_an_answer_without_keys_changes_nothing(
    entra: EntraServer, tokens: EntraTokens, clock: Clock, body: bytes
) -> None:
    good = entra.token(oid=ADA)
    await tokens.verify(good)
    entra.body = body
    clock.now += HOUR + 1
    assert await refusals(tokens, [good]) == 0
    assert entra.requests["keys"] == 2
