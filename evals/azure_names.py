"""What a measurement has of its own in Azure's services, and its removal. Called by `evals.isolation`."""

from contextlib import suppress

from azure.core.exceptions import ResourceNotFoundError
from azure.search.documents.indexes.aio import SearchIndexClient
from azure.storage.blob.aio import ContainerClient
from pymongo import AsyncMongoClient

from shared.azure_sdk import AzureService, calling, key_or_identity
from shared.azure_storage import CLIENT_OPTIONS as STORAGE_OPTIONS
from shared.azure_storage import SETTING, StorageAccount, storage_account
from shared.blob_stores.azure_blob import AzureBlobStore
from shared.compose import Ground, plugs
from shared.compose.identity import value
from shared.search_indexes.azure_search_service import CLIENT_OPTIONS, SERVICE

_STORAGE = AzureService(
    name="the blob storage", setting=SETTING, key_setting=SETTING, role="Storage Blob Data Contributor"
)
_TIMEOUT = 60.0  # seconds


def open_container(ground: Ground, container: str) -> AzureBlobStore:
    """Made when it is first used."""
    return AzureBlobStore(account=_account(ground), container=container)


async def remove_all(ground: Ground, *, container: str) -> None:
    """The indexes and their alias, the database, the container. Errors: `BackendUnavailable`."""
    settings = ground.settings
    if settings.search_index == "azure_search":
        await _remove_indexes(ground)
    if settings.metadata_store == "mongo":
        async with AsyncMongoClient(value(settings.mongodb_uri)) as client:
            await client.drop_database(settings.mongodb_database)
    if settings.blob_store == "azure_blob":
        account = _account(ground)
        uploads = ContainerClient(account.blob_url, container, account.credential, **STORAGE_OPTIONS)
        async with uploads, calling(_STORAGE, timeout=_TIMEOUT):
            with suppress(ResourceNotFoundError):  # no blob was ever put
                await uploads.delete_container()


async def _remove_indexes(ground: Ground) -> None:
    """The alias first: an index that one points to stays."""
    settings = ground.settings
    metadata = plugs.open_metadata_store(settings)
    versions = await metadata.index_versions(settings.index_name)
    await metadata.close()
    credential = key_or_identity(value(settings.azure_search_api_key), ground.identity)
    client = SearchIndexClient(str(settings.azure_search_endpoint), credential, **CLIENT_OPTIONS)
    async with client, calling(SERVICE, timeout=_TIMEOUT):
        with suppress(ResourceNotFoundError):
            await client.delete_alias(settings.index_name)
    indexes = plugs.open_search_indexes(settings, ground.identity)
    for version in versions:
        await indexes.remove(version.name)
    await indexes.close()


def _account(ground: Ground) -> StorageAccount:
    settings = ground.settings
    return storage_account(
        connection_string=value(settings.azurewebjobsstorage),
        name=settings.azurewebjobsstorage_accountname,
        blob_url=settings.azurewebjobsstorage_blobserviceuri,
        queue_url=settings.azurewebjobsstorage_queueserviceuri,
        identity=ground.identity,
    )
