"""Settings that name a secret instead of holding it. Called by compose."""

from shared.errors import ConfigError
from shared.secret_stores.base import SecretStore

_PREFIX = "secret:"


async def revealed(value: str | None, secrets: SecretStore) -> str | None:
    """The secret that a value `secret:<name>` names; any other value is itself.

    Looked up once: a process that runs keeps what it was started with. Errors: `ConfigError` where there
    is no such secret, `BackendUnavailable`.
    """
    if value is None or not value.startswith(_PREFIX):
        return value
    name = value.removeprefix(_PREFIX)
    secret = await secrets.get(name)
    if secret is None:
        raise ConfigError(f"a setting names the secret {name!r}, which the secret store does not have")
    return secret
