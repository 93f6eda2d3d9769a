"""Links that let a browser put one blob into the container by itself. Used by `AzureBlobStore`."""

from datetime import UTC, datetime, timedelta

from azure.storage.blob import BlobSasPermissions, UserDelegationKey, generate_blob_sas
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared.azure_sdk import AzureService, calling
from shared.azure_storage import SETTING, StorageAccount
from shared.domain import DirectUpload

_SERVICE = AzureService(
    name="the blob storage", setting=SETTING, key_setting=SETTING, role="Storage Blob Delegator"
)
_TIMEOUT = 30.0  # seconds
_KEY_LIFE = timedelta(hours=6)
_SKEW = timedelta(minutes=5)  # that clocks may differ


class AzureBlobDoor:
    """Signs with the account's key, where there is one, else with one that the service lends an identity."""

    def __init__(self, *, account: StorageAccount, service: BlobServiceClient, container: str) -> None:
        self._account = account
        self._service = service
        self._container = container
        self._lent: tuple[datetime, UserDelegationKey] | None = None

    async def open(self, client: BlobClient, *, expires_in: float) -> DirectUpload:
        """It takes this one blob, new or in place of the old, and shows nothing."""
        expiry = datetime.now(UTC) + timedelta(seconds=expires_in)
        account = self._account
        signature = generate_blob_sas(
            account.name,
            self._container,
            client.blob_name,
            account_key=account.key,
            user_delegation_key=None if account.key else await self._borrow_key(expiry),
            permission=BlobSasPermissions(create=True, write=True),
            expiry=expiry,
            protocol="https" if account.blob_url.startswith("https:") else "https,http",
        )
        return DirectUpload(url=f"{client.url}?{signature}", headers=(("x-ms-blob-type", "BlockBlob"),))

    async def _borrow_key(self, until: datetime) -> UserDelegationKey:
        """One that is good until then; asked for anew when the last one is not."""
        if self._lent is None or self._lent[0] < until:
            now = datetime.now(UTC)
            expiry = max(now + _KEY_LIFE, until)
            async with calling(_SERVICE, timeout=_TIMEOUT):
                key = await self._service.get_user_delegation_key(now - _SKEW, expiry)
            self._lent = (expiry, key)
        return self._lent[1]
