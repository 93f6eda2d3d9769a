"""`KeyVaultSecrets`: secrets in an Azure key vault. Built by compose, which closes the credential.

Values stay out of logs and messages: nothing here logs one, and azure-core does not log bodies.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretProperties
from azure.keyvault.secrets.aio import SecretClient

from shared.azure_sdk import AzureService, calling
from shared.errors import BackendUnavailable, ConfigError
from shared.secret_stores.base import SecretVersion, check_name

log = logging.getLogger(__name__)

_SETTING = "AZURE_KEY_VAULT_URL"
_READING = AzureService(
    name="the key vault", setting=_SETTING, key_setting=_SETTING, role="Key Vault Secrets User"
)
_WRITING = replace(_READING, role="Key Vault Secrets Officer")
_TIMEOUT = 10.0  # seconds
_RETRY_AFTER = 30.0  # seconds, with a value that could not be refreshed
_SETTLED = 2.0  # seconds; the service's times are whole seconds, so that later all of one second are there
_EPOCH = datetime.fromtimestamp(0, UTC)
_NETWORK_REASONS = frozenset({"ForbiddenByFirewall", "ForbiddenByConnection"})


@dataclass(frozen=True, kw_only=True)
class _Kept:
    value: str = field(repr=False)
    until: float  # of the monotonic clock


class KeyVaultSecrets:
    """`get` asks the vault anew after `refresh_after` seconds; if that fails, the last value stays.

    The vault cannot create a secret only if there is none. So two processes may both make a first
    version: all take the older one, and who made the other disables it.
    """

    def __init__(self, *, url: str, credential: AsyncTokenCredential, refresh_after: float = 300.0) -> None:
        self._url = url
        self._credential = credential
        self._refresh_after = refresh_after
        self._client: SecretClient | None = None
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # by name
        self._kept: dict[str, _Kept] = {}  # by name
        self._values: dict[str, str] = {}  # by version: that of a version never changes

    async def get(self, name: str) -> str | None:
        async with self._locks[name]:
            kept = self._kept.get(name)
            if kept and time.monotonic() < kept.until:
                return kept.value
            try:
                value = await self._newest(name)
            except (BackendUnavailable, ConfigError) as error:
                if kept is None:
                    raise
                log.warning("secret_not_refreshed: %s; %s", name, error)
                self._kept[name] = replace(kept, until=time.monotonic() + _RETRY_AFTER)
                return kept.value
            self._kept.pop(name, None)
            if value is not None:
                self._kept[name] = _Kept(value=value, until=time.monotonic() + self._refresh_after)
            return value

    async def versions(self, name: str) -> list[SecretVersion]:
        return [
            SecretVersion(value=await self._value(each), created_at=_since(each).timestamp())
            for each in await self._in_force(name)
        ]

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        async with self._locks[name]:
            in_force = await self._in_force(name)
            made = None if in_force else await self._make(name, await asyncio.to_thread(create))
            if not in_force or time.time() - _since(in_force[-1]).timestamp() < _SETTLED:
                await asyncio.sleep(_SETTLED)
                in_force = await self._in_force(name)
            if not in_force:
                raise BackendUnavailable(f"the key vault could not make the secret {name}; try again")
            if made and made.version != in_force[-1].version:
                await self._disable(made)
            return await self._value(in_force[-1])

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    @asynccontextmanager
    async def _calling(self, service: AzureService = _READING) -> AsyncIterator[SecretClient]:
        if self._client is None:
            # A busy vault says when to come back: that is passed on and not slept through.
            self._client = SecretClient(self._url, self._credential, retry_total=2, retry_status=0)
        try:
            async with calling(service, timeout=_TIMEOUT):
                try:
                    yield self._client
                except HttpResponseError as error:
                    if _reason(error) not in _NETWORK_REASONS:
                        raise
                    raise BackendUnavailable(
                        f"the key vault's network rules keep this process out; change them, or {_SETTING}",
                        retry_after=60.0,
                    ) from error
        except ValueError as error:  # the SDK's word for answers that no key vault gives
            raise ConfigError(f"what answers at {_SETTING} is no key vault; check the address") from error

    async def _newest(self, name: str) -> str | None:
        in_force = await self._in_force(name)
        return await self._value(in_force[0]) if in_force else None

    async def _in_force(self, name: str) -> list[SecretProperties]:
        """The newest first; the service lists them in no order of time."""
        check_name(name)
        async with self._calling() as client:
            try:
                found = [each async for each in client.list_properties_of_secret_versions(name)]
            except ResourceNotFoundError as error:
                if error.error is None or error.error.code != "SecretNotFound":
                    raise
                return []
        now = datetime.now(UTC)
        usable = (
            each
            for each in found
            if each.enabled
            and (each.not_before is None or each.not_before <= now)
            and (each.expires_on is None or now < each.expires_on)
        )
        return sorted(usable, key=lambda each: (_since(each), str(each.version)), reverse=True)

    async def _value(self, version: SecretProperties) -> str:
        address = str(version.id)
        if address not in self._values:
            async with self._calling() as client:
                value = (await client.get_secret(str(version.name), version.version)).value
            if not value:
                raise ConfigError(
                    f"secret {version.name} is empty in the key vault; set or disable this version"
                )
            self._values[address] = value
        return self._values[address]

    async def _make(self, name: str, value: str) -> SecretProperties | None:
        """None if another process is at it."""
        async with self._calling(_WRITING) as client:
            try:
                # Once only: a second attempt would make a second version.
                return (await client.set_secret(name, value, retry_total=0)).properties
            except ResourceExistsError as error:
                if _reason(error) == "ObjectIsDeletedButRecoverable":
                    raise ConfigError(
                        f"secret {name} was deleted from the key vault, which still keeps its name; "
                        "recover or purge it there"
                    ) from error
                return None

    async def _disable(self, version: SecretProperties) -> None:
        async with self._calling(_WRITING) as client:
            await client.update_secret_properties(str(version.name), version.version, enabled=False)


def _since(version: SecretProperties) -> datetime:
    return max(version.created_on or _EPOCH, version.not_before or _EPOCH)


def _reason(error: HttpResponseError) -> str:
    """The service's innermost word for what is wrong."""
    return str((error.error.innererror or {}).get("code", "")) if error.error else ""
