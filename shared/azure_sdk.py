"""What the adapters of Azure's services share: one credential, and their SDKs' errors as ours.

Called by compose (the credential) and by every adapter that is built on azure-core.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from azure.core.credentials import AzureKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.errors import BackendTimeout, BackendUnavailable, Refused, Throttled

Identity: TypeAlias = AsyncTokenCredential
Credential: TypeAlias = AsyncTokenCredential | AzureKeyCredential

_BUSY_RETRY_AFTER = 5.0  # seconds, where the service names none
_REFUSED_RETRY_AFTER = 60.0  # somebody has to change a setting or a role first
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_OF_THIS_REQUEST = frozenset({400, 413, 414, 422})


@dataclass(frozen=True, kw_only=True)
class AzureService:
    """A service as messages to the operator name it."""

    name: str  # "the search index"
    setting: str  # which one has its address: "AZURE_SEARCH_ENDPOINT"
    key_setting: str  # which one has its key, where keys are used: "AZURE_SEARCH_API_KEY"
    role: str  # what an identity needs: "Search Index Data Contributor"


def open_credential() -> AsyncTokenCredential:
    """The identity of this process: managed, workload or a developer's own (azure-identity's order)."""
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - half a second, not needed with keys

    return DefaultAzureCredential()


def key_or_identity(key: str, identity: Identity | None) -> Credential:
    """What a client signs in with: the key if there is one."""
    if key:
        return AzureKeyCredential(key)
    if identity is None:
        raise ValueError("neither a key nor an identity")
    return identity


@asynccontextmanager
async def calling(service: AzureService, *, timeout: float) -> AsyncIterator[None]:
    """Around calls of an SDK, which take `timeout` seconds altogether at most.

    Errors: `BackendTimeout`, `BackendUnavailable`, naming the setting or the role. What an adapter can
    say better (404, 409, 412) it catches inside.
    """
    try:
        async with asyncio.timeout(timeout):
            yield
    except TimeoutError as error:
        raise BackendTimeout(f"{service.name} took longer than {timeout:g} s") from error
    except HttpResponseError as error:
        raise refused(service, error) from error
    except AzureError as error:
        raise BackendUnavailable(f"{service.name} is out of reach; check {service.setting}") from error


def refused(service: AzureService, error: HttpResponseError) -> BackendUnavailable:
    """An answer that says no, as an error that says what to do."""
    status = error.status_code
    if isinstance(error, ClientAuthenticationError) or status in (401, 403):
        return BackendUnavailable(
            f"{service.name} refuses access; give the identity the role {service.role}, or check "
            f"{service.key_setting}",
            retry_after=_REFUSED_RETRY_AFTER,
        )
    if status in (408, 504):
        return BackendTimeout(f"{service.name} timed out (HTTP {status})")
    if status in _BUSY:
        told = (getattr(error.response, "headers", None) or {}).get("Retry-After")
        is_throttled = status == 429 or (status == 503 and told is not None)
        busy = Throttled if is_throttled else BackendUnavailable
        return busy(f"{service.name} is busy (HTTP {status})", retry_after=seconds(told))
    kind = Refused if status in _OF_THIS_REQUEST else BackendUnavailable
    return kind(
        f"{service.name} answered HTTP {status}; check {service.setting}", retry_after=_REFUSED_RETRY_AFTER
    )


def seconds(retry_after: str | None) -> float:
    """The header `Retry-After` in its number form; Azure's services send no other."""
    try:
        told = float(retry_after or "")
    except ValueError:
        return _BUSY_RETRY_AFTER
    return max(0.0, told) if math.isfinite(told) else _BUSY_RETRY_AFTER
