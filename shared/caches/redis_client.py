"""The client of `RedisCache`: what `REDIS_URL` may say and how patient connections are."""

from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from shared.errors import ConfigError

_CONNECTIONS = 16  # per process; a command holds one for a millisecond, and small tiers allow only 256
_CLOSING = 1.0  # seconds
_FORM = (
    "REDIS_URL is no address of Redis; write rediss://:<access key>@<host>:<port>/0, with characters "
    "such as / # ? @ in the key percent-encoded"
)


def open_client(url: str, sign_in: CredentialProvider | None) -> Redis:
    """Nothing is connected yet. The caller bounds the time of each call; none is tried twice.

    Errors: `ConfigError`, which never quotes the URL, since it holds a password.
    """
    try:
        options: dict[str, Any] = dict(parse_url(url))
        _check(url)
        pool = BlockingConnectionPool(
            **{
                "max_connections": _CONNECTIONS,
                **options,
                "timeout": None,
                "socket_timeout": None,
                "socket_connect_timeout": _CLOSING,  # bounds closing too
                "retry": Retry(NoBackoff(), 0),  # a connection found closed is opened anew all the same
                "protocol": 2,  # what every server speaks, without a greeting of its own
                "driver_info": None,
                "decode_responses": False,
                **({"credential_provider": sign_in} if sign_in else {}),
            }
        )
        pool.make_connection()  # type: ignore[no-untyped-call]  # connects nothing; knows the options
    except (TypeError, ValueError):
        raise ConfigError(_FORM) from None  # the cause quotes parts of the URL
    if sign_in and ("password" in options or "username" in options or not url.startswith("rediss:")):
        raise ConfigError(
            "REDIS_AUTH=entra needs a REDIS_URL of the form rediss://<host>:<port>, no password"
        )
    return Redis.from_pool(pool)


def _check(url: str) -> None:
    """What the client would pass over in silence. Errors: `ValueError`."""
    parts = urlsplit(url)
    database = parts.path.removeprefix("/")
    if not parts.hostname or parts.fragment or (database and not database.isdecimal()):
        raise ValueError(url)
