"""What `REDIS_URL` may say, and how the cache in Redis names its keys there."""

import socket

import pytest

from shared.caches.redis import RedisCache
from shared.errors import ConfigError
from tests.servers.redis import address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cache.example.net:6380,password=s3cret,ssl=True,abortConnect=False",
        "https://:s3cret@cache.example.net",
        "rediss://:s3cret/@cache.example.net:6380/0",
        "rediss://:s3cret#@cache.example.net:6380/0",
        "rediss://:s3cret?@cache.example.net:6380/0",
        "rediss://:6380/s3cret",
        "rediss://:s3cret@cache.example.net:port/0",
        "rediss://:s3cret@cache.example.net:99999/0",
        "rediss://:s3cret@cache.example.net:6380/zero",
        "rediss://:s3cret@[cache.example.net:6380/0",
        "rediss://:s3cret@cache.example.net:6380/0?s3cret=1",
        "rediss://:s3cret@cache.example.net:6380/0?max_connections=s3cret",
        "rediss://:s3cret@cache.example.net:6380/0#s3cret",
        "rediss://:s3cret@cache.example.net:6380/0?ssl_cert_reqs=s3cret",
        "rediss://:s3cret@cache.example.net:6380/0?ssl_ca_certs=s3cret.pem",
    ],
)
def test_a_malformed_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError, match="REDIS_URL") as raised:
        RedisCache(url=url)
    assert "s3cret" not in f"{raised.value}"
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("url", ["redis://{}", "rediss://:k%2Fey@{}/2", "redis://u:p@{}/?db=1"])
async def test_an_address_is_taken_without_being_connected_to(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        await RedisCache(url=url.format(f"127.0.0.1:{server.getsockname()[1]}")).close()
        with pytest.raises(BlockingIOError):  # nobody waits to be let in
            server.accept()


@pytest.mark.parametrize("key", ["\ud800", "a\udfffb", "\0", "", "ä" * 10_000])
async def test_any_key_keeps_its_value(key: str) -> None:
    cache = RedisCache(url=address(), patience=10)
    await cache.set(key, b"1", ttl=60)
    assert await cache.get(key) == b"1"
    await cache.delete(key)
    await cache.close()


async def test_prefixes_keep_deployments_apart() -> None:
    one, other = (RedisCache(url=address(), prefix=prefix, patience=10) for prefix in ("one:", "other:"))
    await one.set("a", b"1", ttl=60)
    await other.delete("a")
    assert (await other.get("a"), await one.get("a")) == (None, b"1")
    await one.close()
    await other.close()
