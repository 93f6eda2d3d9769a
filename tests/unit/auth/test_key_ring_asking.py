"""How often, and how patiently, the ring of signing keys asks the secret store."""

import asyncio
import logging

import pytest

from shared.errors import BackendUnavailable, ConfigError
from tests.stand_ins.token_issuers import own_issuer
from tests.stand_ins.versioned_secrets import (
    ADA,
    INTERVAL,
    LONG_AGO,
    NEW,
    OLD,
    PAUSE,
    Clock,
    VersionedSecrets,
    is_accepted,
    key_id,
    settle,
    signer,
)


async def test_keys_that_are_nearly_due_are_renewed_beside_the_request(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    token = await tokens.issue(ADA, "family")
    store.answers.clear()
    clock.now += INTERVAL * 0.9
    assert await is_accepted(token, tokens)  # though the store does not answer
    store.hold((NEW, LONG_AGO))
    clock.now += 1
    store.answers.set()
    await settle()
    assert store.asked == 2


@pytest.mark.parametrize("error", [BackendUnavailable("gone"), ConfigError("no key")])
async def test_a_store_that_fails_leaves_the_keys_known_last(
    process, clock: Clock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    token = await tokens.issue(ADA, "family")
    store.error = error
    clock.now += 10 * INTERVAL
    with caplog.at_level(logging.WARNING):
        assert await is_accepted(token, tokens)
    assert [record.message for record in caplog.records] == ["signing_keys_not_renewed"]
    asked = store.asked
    assert await is_accepted(token, tokens)
    assert store.asked == asked  # it is given time
    store.error = None
    store.hold((NEW, LONG_AGO))
    clock.now += PAUSE
    await tokens.jwks()
    await settle()
    assert not await is_accepted(token, tokens)


async def test_while_the_store_fails_requests_do_not_wait_for_it(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    token = await tokens.issue(ADA, "family")
    store.error = BackendUnavailable("gone")
    clock.now += INTERVAL
    assert await is_accepted(token, tokens)
    store.answers.clear()
    clock.now += PAUSE
    assert await is_accepted(token, tokens)
    await settle()
    assert store.asked == 3
    await tokens.close()


@pytest.mark.parametrize("error", [BackendUnavailable("gone"), ConfigError("no key")])
async def test_without_any_key_the_stores_error_is_told_and_it_is_asked_again_after_a_second(
    process, clock: Clock, error: Exception
) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    store.error = error
    tokens = process(store)
    for _ in range(100):
        with pytest.raises(type(error)):
            await tokens.issue(ADA, "family")
    assert store.asked == 1
    store.error = None
    clock.now += 1
    assert await signer(tokens) == key_id(OLD)


async def test_a_thousand_unknown_key_ids_ask_the_store_once_in_half_a_minute(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    good = await tokens.issue(ADA, "family")
    issuer = await own_issuer()
    junk = [issuer.token(header=issuer.header | {"kid": f"junk-{n}"}) for n in range(1000)]
    clock.now += PAUSE
    assert not any(await asyncio.gather(*(is_accepted(token, tokens) for token in junk[:500])))
    for token in junk[500:]:
        clock.now += PAUSE / 600
        assert not await is_accepted(token, tokens)
    assert store.asked == 2
    clock.now += PAUSE / 5
    assert not await is_accepted(junk[0], tokens)
    assert store.asked == 3
    assert await is_accepted(good, tokens)


async def test_a_key_that_just_came_is_found_by_the_first_token_that_names_it(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    await tokens.jwks()
    token = await process(VersionedSecrets((NEW, LONG_AGO))).issue(ADA, "family")
    store.hold((NEW, LONG_AGO), (OLD, 2 * LONG_AGO))
    clock.now += PAUSE
    assert await is_accepted(token, tokens)


async def test_many_first_uses_ask_the_store_once_also_when_the_first_one_gives_up(process) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    store.answers.clear()
    tokens = process(store)
    first, *others = [asyncio.create_task(signer(tokens)) for _ in range(20)]
    await settle()
    first.cancel()
    store.answers.set()
    assert set(await asyncio.gather(*others)) == {key_id(OLD)}
    assert store.asked == 1


async def test_closing_ends_what_is_under_way(process) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    store.answers.clear()
    tokens = process(store)
    asking = asyncio.create_task(signer(tokens))
    await settle()
    await tokens.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
