"""A storage account: where its blobs and queues listen, and what opens them.

Called by compose for `AzureBlobStore` and `AzureStorageQueue`, and by api, since the page uploads to it.
Imports no SDK.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from shared.errors import ConfigError

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

Credential: TypeAlias = "AsyncTokenCredential | dict[str, str] | None"

SETTING = "AzureWebJobsStorage"
_CLOUD = "core.windows.net"
_NO_ADDRESS = "{} holds what is no address; expected https://<account>.<service>.core.windows.net"
# The SDK's own default is three more attempts after 15 seconds each, which no deadline of ours outlasts.
CLIENT_OPTIONS: Mapping[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 0.5,
    "increment_base": 1,
    "random_jitter_range": 0.5,
    "connection_timeout": 5,
    "read_timeout": 20,
}
# Azurite's one account; its key is public: learn.microsoft.com/azure/storage/common/storage-connect-azurite
_AZURITE = {
    "accountname": "devstoreaccount1",
    "accountkey": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "blobendpoint": "http://127.0.0.1:10000/devstoreaccount1",
    "queueendpoint": "http://127.0.0.1:10001/devstoreaccount1",
}


@dataclass(frozen=True, kw_only=True)
class StorageAccount:
    name: str
    blob_url: str  # without a slash at its end
    queue_url: str
    key: str | None = field(default=None, repr=False)
    identity: "AsyncTokenCredential | None" = None

    @property
    def credential(self) -> Credential:
        """As the SDK's clients take it."""
        return {"account_name": self.name, "account_key": self.key} if self.key else self.identity


def storage_account(
    *,
    connection_string: str | None = None,
    name: str | None = None,
    blob_url: str | None = None,
    queue_url: str | None = None,
    identity: "AsyncTokenCredential | None" = None,
) -> StorageAccount:
    """By its connection string, where there is one; else by name or both addresses, and an identity.

    Errors: `ConfigError`, which never quotes the connection string.
    """
    if connection_string:
        return _from_connection_string(connection_string)
    if name:
        blob_url = blob_url or _usual_url(name, "blob")
        queue_url = queue_url or _usual_url(name, "queue")
    if not blob_url or not queue_url:
        raise ConfigError(f"set {SETTING}, {SETTING}__accountName, or both of its service URIs")
    blob_url = _address(blob_url, f"{SETTING}__blobServiceUri")
    queue_url = _address(queue_url, f"{SETTING}__queueServiceUri")
    if not blob_url.startswith("https:") or not queue_url.startswith("https:"):
        raise ConfigError(f"{SETTING}__…ServiceUri: an identity is only shown over https")
    return StorageAccount(
        name=name or _name_in(blob_url), blob_url=blob_url, queue_url=queue_url, identity=identity
    )


def blob_origin(*, connection_string: str | None, name: str | None, blob_url: str | None) -> str | None:
    """What a page's content security policy calls the account's blobs.

    None for a connection string that only the secret store knows, unless the address is given, too.
    Errors: `ConfigError`.
    """
    if connection_string and not connection_string.startswith("secret:"):
        blob_url = _from_connection_string(connection_string).blob_url
    elif name:
        blob_url = blob_url or _usual_url(name, "blob")
    if not blob_url:
        return None
    parts = urlsplit(_address(blob_url, f"{SETTING}__blobServiceUri"))
    return f"{parts.scheme}://{parts.netloc}"


def code_of(error: Exception) -> str | None:
    """The service's own name for what an error of its SDK is about: `BlobNotFound`."""
    return getattr(error, "error_code", None)


def _from_connection_string(text: str) -> StorageAccount:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    given = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if given.get("usedevelopmentstorage", "").lower() == "true":
        given = _AZURITE
    name, key = given.get("accountname", ""), given.get("accountkey", "")
    if not name or not _is_base64(key):
        raise ConfigError(
            f"{SETTING} is no connection string with AccountName and AccountKey; copy it anew from the "
            f"account's access keys, or set {SETTING}__accountName to use the process's identity"
        )
    cloud = given.get("endpointsuffix", _CLOUD)
    scheme = given.get("defaultendpointsprotocol", "https")
    blob_url, queue_url = (
        _address(given.get(f"{service}endpoint") or _usual_url(name, service, scheme, cloud), SETTING)
        for service in ("blob", "queue")
    )
    return StorageAccount(name=name, blob_url=blob_url, queue_url=queue_url, key=key)


def _usual_url(name: str, service: str, scheme: str = "https", cloud: str = _CLOUD) -> str:
    return f"{scheme}://{name}.{service}.{cloud}"


def _is_base64(key: str) -> bool:
    try:
        return bool(b64decode(key, validate=True))
    except ValueError:
        return False


def _address(url: str, setting: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:  # no port, no host
        raise ConfigError(_NO_ADDRESS.format(setting)) from error
    if not is_address:
        raise ConfigError(_NO_ADDRESS.format(setting))
    return url.rstrip("/")


def _name_in(blob_url: str) -> str:
    """The first label of the host; for one that serves several accounts, the first part of the path."""
    parts = urlsplit(blob_url)
    return parts.path.strip("/").partition("/")[0] or (parts.hostname or "").partition(".")[0]
