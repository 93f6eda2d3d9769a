"""Listings come out in order of code points, by whichever units the service sorted them."""

import random
from collections.abc import AsyncIterator, Callable

import pytest

from shared.blob_stores.azure_blob_order import in_order
from shared.domain import BlobProperties
from shared.errors import BackendUnavailable

PARTS = ["a", "/", "-", "0", "é", "\ud7ff", "\ue000", "（", "\uffff", "\U00010000", "🦊", "\U0010ffff"]


def utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


async def listed(names: list[str]) -> AsyncIterator[BlobProperties]:
    for name in names:
        yield BlobProperties(name=name, etag="e", size=1, modified_at=0.0)


async def ordered(names: list[str]) -> list[str]:
    return [blob.name async for blob in in_order(listed(names))]


@pytest.mark.parametrize("units", [utf16, str.encode, str])
async def test_every_order_of_units_becomes_the_order_of_names(units: Callable[[str], bytes | str]) -> None:
    chance = random.Random(7)
    for _ in range(300):
        names = {"".join(chance.choices(PARTS, k=chance.randint(1, 6))) for _ in range(chance.randint(0, 40))}
        assert await ordered(sorted(names, key=units)) == sorted(names)


async def test_the_two_orders_do_differ() -> None:
    assert sorted(["🦊", "（"], key=utf16) == ["🦊", "（"]
    assert await ordered(["🦊", "（"]) == ["（", "🦊"]


async def test_a_name_without_an_emoji_is_passed_on_at_once() -> None:
    taken: list[str] = []

    async def watched() -> AsyncIterator[BlobProperties]:
        async for blob in listed(["a", "b", "c"]):
            taken.append(blob.name)
            yield blob

    blobs = in_order(watched())
    assert (await anext(blobs)).name == "a"
    assert taken == ["a"]
    await blobs.aclose()


@pytest.mark.parametrize("names", [["b", "a"], ["a/b", "a-b"], ["9", "10"]])
async def test_any_other_order_is_an_error_and_not_a_wrong_listing(names: list[str]) -> None:
    with pytest.raises(BackendUnavailable, match="hierarchical namespace"):
        await ordered(names)
