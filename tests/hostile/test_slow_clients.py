"""Clients that take their time: each is given up in bounded time, and nobody else waits for them."""

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from tests.hostile.wire import request
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

EACH = 50
HEAD = b"POST /api/query HTTP/1.1\r\nHost: rag\r\nX-Slow: " + b"a" * 200
BODY = request("POST", "/api/query", "Content-Type: application/json", "Content-Length: 200")
ABANDONED = request("PUT", "/api/documents/a.txt", "Content-Length: 200000") + b"a" * 10
SILENT: dict[str, tuple[bytes, bytes]] = {  # what is sent at once, and what a byte a second
    "a head": (b"", HEAD),
    "a body": (BODY, b"{" * 200),
    "the rest of what was refused": (ABANDONED, b"a" * 200),
    "line breaks": (b"", b"\r\n" * 100),
}


async def test_two_hundred_slow_clients_keep_nobody_waiting(served: RealHost) -> None:
    clients = [trickle(served.port, *sent) for sent in SILENT.values() for _ in range(EACH)]
    crowd = asyncio.gather(*clients)
    waited = await asyncio.to_thread(asked_until, served.client, crowd.done)
    kept_for = sorted(await crowd)
    print(f"{len(clients)} slow clients were held {kept_for[0]:.1f} to {kept_for[-1]:.1f} s")
    print(
        f"{len(waited)} questions meanwhile: median {waited[len(waited) // 2] * 1000:.0f} ms, longest "
        f"{waited[-1] * 1000:.0f} ms"
    )
    assert kept_for[-1] < 40  # 10 s for heads and 20 s for bodies, on a machine that does more than this
    assert len(waited) > 20
    assert waited[-1] < 10


async def trickle(port: int, at_once: bytes, slowly: bytes) -> float:
    """Seconds until the host ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    over = asyncio.ensure_future(reader.read())
    try:
        writer.write(at_once)
        for byte in slowly:
            writer.write(bytes([byte]))
            if (await asyncio.wait([over], timeout=1))[0]:
                break
        await over
    except ConnectionError:
        pass
    finally:
        over.cancel()
        writer.close()
    return time.monotonic() - began


def asked_until(client: httpx.Client, is_over: Callable[[], bool]) -> list[float]:
    """Seconds that each question took, sorted."""
    waited = []
    while not is_over():
        began = time.monotonic()
        client.post("/api/search", json={"question": "how long?"}).raise_for_status()
        waited.append(time.monotonic() - began)
        time.sleep(0.1)
    return sorted(waited)
