"""The client of `RedisCache`: what `REDIS_URL` may say, and how its connections behave."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.connection import RedisSSLContext, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from shared.errors import ConfigError

_CONNECTIONS = 16  # per process; a command holds one for a millisecond, and small tiers allow only 256
_CLOSING = 1.0  # seconds
_TLS_CLOSING = 0.5  # seconds that a frozen server is given for its good-bye; asyncio's default is 30
_FORM = (
    "REDIS_URL is no address of Redis; write rediss://:<access key>@<host>:<port>/0, with characters "
    "such as / # ? @ in the key percent-encoded"
)
_ENTRA_FORM = "REDIS_AUTH=entra needs a REDIS_URL of the form rediss://<host>:<port>, without a password"


def open_client(url: str, sign_in: CredentialProvider | None) -> Redis:
    """Nothing is connected yet. The caller bounds the time of each call; none is tried twice.

    Errors: `ConfigError`, which never quotes the URL, since it holds a password.
    """
    try:
        parts = urlsplit(url)
        database = parts.path.removeprefix("/")
        if not parts.hostname or parts.fragment or (database and not database.isdecimal()):
            raise ValueError  # what the client would pass over in silence
        if sign_in and (parts.scheme != "rediss" or parts.username or parts.password):
            raise ConfigError(_ENTRA_FORM)
        pool = _Pool(**_options(url, sign_in))
        pool.make_connection()  # tells wrong options now
    except (OSError, RedisError, TypeError, ValueError):
        raise ConfigError(_FORM) from None  # the cause may quote the URL
    return Redis.from_pool(pool)


def _options(url: str, sign_in: CredentialProvider | None) -> dict[str, Any]:
    return {
        "max_connections": _CONNECTIONS,
        **parse_url(url),
        "connection_class": _TlsConnection if url.startswith("rediss:") else Connection,
        "timeout": None,
        "socket_timeout": None,
        "socket_connect_timeout": _CLOSING,  # bounds closing too
        "retry": Retry(NoBackoff(), 0),  # a connection found closed is opened anew all the same
        "protocol": 2,  # every server speaks it, and it needs no greeting
        "driver_info": None,
        "credential_provider": sign_in,
        "decode_responses": False,
    }


class _TlsConnection(SSLConnection):
    def _connection_arguments(self) -> Mapping[str, Any]:
        return {**super()._connection_arguments(), "ssl_shutdown_timeout": _TLS_CLOSING}


class _Pool(BlockingConnectionPool):
    """Its connections share one TLS context: each of its own would load the authorities again, in 30 ms."""

    _tls: RedisSSLContext | None = None

    def make_connection(self) -> Any:
        connection = super().make_connection()  # type: ignore[no-untyped-call]
        if isinstance(connection, _TlsConnection):
            self._tls = connection.ssl_context = self._tls or connection.ssl_context
            self._tls.get()
        return connection
