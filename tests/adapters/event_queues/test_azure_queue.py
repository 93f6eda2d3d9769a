"""What `AzureStorageQueue` promises beyond the contract."""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import BackendUnavailable, InvalidRequest
from shared.event_queues.azure_queue import AzureStorageQueue
from tests.servers import azurite
from tests.servers.process import free_port


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[AzureStorageQueue]:
    queue = azurite.IsolatedQueues(tmp_path)
    yield queue
    await queue.close()


async def bodies(queue: AzureStorageQueue, *, limit: int = 10) -> list[str]:
    return [message.body for message in await queue.receive("q", limit=limit, visibility=60)]


EVENT = json.dumps({"subject": "a", "data": {"url": "naïve <🦊> & co"}}, ensure_ascii=False)


@pytest.mark.parametrize(
    "sent",
    [EVENT, b64encode(EVENT.encode()).decode(), f"{EVENT}\n"],
    ids=["plain", "base64", "plain with a line break"],
)
async def test_messages_of_others_are_read_in_either_encoding(queue: AzureStorageQueue, sent: str) -> None:
    await queue.send("q", "ours")
    await queue._client("q").send_message(sent)
    ours, theirs = await bodies(queue)
    assert ours == "ours"
    assert theirs.strip() == EVENT


@pytest.mark.parametrize("body", ["", "abcd", "YWJj", "naïve 🦊", "a\x00\x07b", "<a>&amp;", " \n x \t"])
async def test_our_own_messages_come_back_exactly_and_are_base64_for_others(
    queue: AzureStorageQueue, body: str
) -> None:
    await queue.send("q", body)
    (peeked,) = await queue._client("q").peek_messages()
    assert b64decode(peeked.content, validate=True).decode() == body
    assert await bodies(queue) == [body]


async def test_what_the_host_parks_reads_like_what_it_received(queue: AzureStorageQueue) -> None:
    await queue._client("q").create_queue()
    await queue._client("q").send_message(EVENT)
    (message,) = await queue.receive("q", limit=1, visibility=60)
    await queue.send("q-poison", message.body)
    assert await queue.delete("q", message)
    (parked,) = await queue.receive("q-poison", limit=1, visibility=60)
    assert parked.body == EVENT


async def test_a_message_too_large_for_the_service_is_refused(queue: AzureStorageQueue) -> None:
    await queue.send("q", "x" * 48 * 1024)
    with pytest.raises(InvalidRequest, match="49152 bytes"):
        await queue.send("q", "x" * (48 * 1024 + 1))
    assert await bodies(queue) == ["x" * 48 * 1024]


async def test_more_than_the_service_gives_at_once_can_be_received(queue: AzureStorageQueue) -> None:
    await queue.send("q", "first")
    await asyncio.gather(*(queue.send("q", str(number)) for number in range(69)))
    assert len(await bodies(queue, limit=65)) == 65
    assert len(await bodies(queue, limit=65)) == 5


async def test_a_message_does_not_expire(queue: AzureStorageQueue) -> None:
    await queue.send("q", "a")
    (peeked,) = await queue._client("q").peek_messages()
    assert peeked.expires_on.year > 9000


async def test_a_fraction_of_a_second_is_rounded_up(queue: AzureStorageQueue) -> None:
    await queue.send("q", "a")
    (held,) = await queue.receive("q", limit=1, visibility=0.1)
    assert await queue.extend("q", held, visibility=0.4)
    assert await bodies(queue) == []


async def test_of_many_first_senders_one_makes_the_queue(queue: AzureStorageQueue) -> None:
    await asyncio.gather(*(queue.send("q", str(number)) for number in range(8)))
    assert sorted(await bodies(queue)) == [str(number) for number in range(8)]


async def test_a_wrong_key_is_said_with_the_role_and_never_shown() -> None:
    queue = AzureStorageQueue(account=replace(azurite.account(), key="d3Jvbmc="))
    try:
        for call in (
            queue.send("q-q", "x"),
            queue.length("q-q"),
            queue.receive("q-q", limit=1, visibility=1),
        ):
            with pytest.raises(BackendUnavailable, match="Storage Queue Data Contributor") as raised:
                await call
            assert "d3Jvbmc=" not in str(raised.value)
    finally:
        await queue.close()


async def test_an_account_out_of_reach_is_said_before_the_patience_ends() -> None:
    account = replace(azurite.account(), queue_url=f"http://127.0.0.1:{free_port()}/acme")
    queue = AzureStorageQueue(account=account)
    started = time.monotonic()
    try:
        with pytest.raises(BackendUnavailable, match="out of reach; check AzureWebJobsStorage"):
            await queue.send("q-q", "x")
    finally:
        await queue.close()
    assert time.monotonic() - started < 15
