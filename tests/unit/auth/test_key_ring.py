"""Changing the signing key: who signs when, and who still verifies."""

import json
from collections.abc import Callable

import pytest

from shared.errors import BackendUnavailable
from tests.stand_ins.versioned_secrets import (
    ADA,
    INTERVAL,
    LONG_AGO,
    NEW,
    OLD,
    Clock,
    VersionedSecrets,
    is_accepted,
    key_id,
    signer,
)


async def test_the_first_use_makes_the_key(process) -> None:
    store = VersionedSecrets()
    tokens = process(store)
    assert await is_accepted(await tokens.issue(ADA, "family"), tokens)
    assert len(store.stored) == 1


@pytest.mark.parametrize(
    ("age", "expected"), [(0, OLD), (INTERVAL, OLD), (2 * INTERVAL - 5, OLD), (2 * INTERVAL + 5, NEW)]
)
async def test_a_new_key_signs_only_after_two_intervals(process, age: float, expected: str) -> None:
    store = VersionedSecrets((NEW, age), (OLD, LONG_AGO))
    assert await signer(process(store)) == key_id(expected)


async def test_the_oldest_signs_while_no_key_is_old_enough(process) -> None:
    assert await signer(process(VersionedSecrets((NEW, 1), (OLD, 2)))) == key_id(OLD)


async def test_of_a_list_in_one_version_the_first_signs_once_the_list_is_old(process) -> None:
    both = json.dumps([NEW, OLD])
    assert await signer(process(VersionedSecrets((both, 1)))) == key_id(OLD)
    assert await signer(process(VersionedSecrets((both, LONG_AGO)))) == key_id(NEW)


async def test_a_key_that_is_stored_again_counts_as_known_since_its_first_version(process) -> None:
    assert await signer(process(VersionedSecrets((NEW, 1), (NEW, LONG_AGO), (OLD, 2 * LONG_AGO)))) == key_id(
        NEW
    )


async def test_during_a_change_every_process_verifies_what_any_process_signs(process) -> None:
    before, during = VersionedSecrets((OLD, LONG_AGO)), VersionedSecrets((NEW, LONG_AGO), (OLD, 2 * LONG_AGO))
    behind, ahead = process(before), process(during)
    assert await is_accepted(await behind.issue(ADA, "family"), ahead)
    new_token = await ahead.issue(ADA, "family")
    assert not await is_accepted(new_token, behind)
    assert {key["kid"] for key in (await ahead.jwks())["keys"]} == {key_id(OLD), key_id(NEW)}


async def test_a_process_learns_a_new_key_within_the_interval(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    assert [key["kid"] for key in (await tokens.jwks())["keys"]] == [key_id(OLD)]
    store.hold((NEW, 1), (OLD, LONG_AGO))
    clock.now += INTERVAL
    assert [key["kid"] for key in (await tokens.jwks())["keys"]] == [key_id(NEW), key_id(OLD)]


async def test_a_withdrawn_key_is_refused_from_the_interval_on(process, clock: Clock) -> None:
    store = VersionedSecrets((NEW, LONG_AGO), (OLD, 2 * LONG_AGO))
    tokens = process(store)
    token = await process(VersionedSecrets((OLD, LONG_AGO))).issue(ADA, "family")
    assert await is_accepted(token, tokens)
    store.hold((NEW, LONG_AGO))
    clock.now += INTERVAL
    assert not await is_accepted(token, tokens)


async def test_all_withdrawn_means_a_new_key_and_no_way_back(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    token = await tokens.issue(ADA, "family")
    store.hold()
    clock.now += INTERVAL
    assert not await is_accepted(token, tokens)
    assert await signer(tokens) == key_id(store.stored[0].value)


async def test_all_withdrawn_stays_withdrawn_where_no_key_can_be_made(process, clock: Clock) -> None:
    store = VersionedSecrets((OLD, LONG_AGO))
    tokens = process(store)
    token = await tokens.issue(ADA, "family")

    async def refuse(name: str, create: Callable[[], str]) -> str:
        raise BackendUnavailable("may not write")

    store.hold()
    store.get_or_create = refuse  # type: ignore[method-assign]
    clock.now += INTERVAL
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            await tokens.verify(token)
