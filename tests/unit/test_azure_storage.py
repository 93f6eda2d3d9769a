"""Storage accounts are found by whatever names them, and what names none stops the start."""

import pytest

from shared.azure_storage import blob_origin, storage_account
from shared.errors import ConfigError

KEY = "c2VjcmV0LWtleQ=="
QUEUES = "QueueEndpoint=http://azurite:10001/acme"


class Identity:
    async def get_token(self, *scopes: str, **options: object) -> object:
        raise AssertionError("nobody asks it here")


@pytest.mark.parametrize(
    ("text", "name", "blob_url", "queue_url"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={KEY};EndpointSuffix=core.windows.net",
            "acme",
            "https://acme.blob.core.windows.net",
            "https://acme.queue.core.windows.net",
        ),
        (
            f" accountname=acme ;ACCOUNTKEY={KEY};EndpointSuffix=core.chinacloudapi.cn; ",
            "acme",
            "https://acme.blob.core.chinacloudapi.cn",
            "https://acme.queue.core.chinacloudapi.cn",
        ),
        (
            f"AccountName=acme;AccountKey={KEY};BlobEndpoint=https://files.acme.org/;{QUEUES}",
            "acme",
            "https://files.acme.org",
            "http://azurite:10001/acme",
        ),
        (
            "UseDevelopmentStorage=true",
            "devstoreaccount1",
            "http://127.0.0.1:10000/devstoreaccount1",
            "http://127.0.0.1:10001/devstoreaccount1",
        ),
        (
            "UseDevelopmentStorage=True;",
            "devstoreaccount1",
            "http://127.0.0.1:10000/devstoreaccount1",
            "http://127.0.0.1:10001/devstoreaccount1",
        ),
    ],
)
def test_a_connection_string_names_the_account(text: str, name: str, blob_url: str, queue_url: str) -> None:
    account = storage_account(connection_string=text)
    assert (account.name, account.blob_url, account.queue_url) == (name, blob_url, queue_url)
    assert account.credential == {"account_name": name, "account_key": account.key}
    assert str(account.key) not in repr(account)


@pytest.mark.parametrize(
    "text",
    [
        *("nonsense", ";", "AccountName=acme", f"AccountKey={KEY}", "AccountName=;AccountKey=", "=;=", "%%"),
        "AccountName=acme;AccountKey=not base64!",
        "UseDevelopmentStorage=false",
        "BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=sv=2024&sig=hush",
        f"AccountName=acme;AccountKey={KEY};BlobEndpoint=acme.blob",
        f"AccountName=acme;AccountKey={KEY};BlobEndpoint=ftp://hush",
        f"AccountName=acme;AccountKey={KEY};QueueEndpoint=https://hush:port",
        f"AccountName=acme;AccountKey={KEY};QueueEndpoint=https://[hush",
    ],
)
def test_a_broken_connection_string_is_named_and_not_quoted(text: str) -> None:
    with pytest.raises(ConfigError, match="AzureWebJobsStorage") as raised:
        storage_account(connection_string=text)
    for part in (KEY, "hush", "not base64", "nonsense"):
        assert part not in str(raised.value)


def test_an_identity_needs_a_name_or_both_addresses() -> None:
    identity = Identity()
    by_name = storage_account(name="acme", identity=identity)
    assert by_name.blob_url == "https://acme.blob.core.windows.net"
    assert by_name.queue_url == "https://acme.queue.core.windows.net"
    assert by_name.credential is identity
    by_address = storage_account(
        blob_url="https://acme.blob.core.usgovcloudapi.net/",
        queue_url="https://acme.queue.core.usgovcloudapi.net",
        identity=identity,
    )
    assert by_address.blob_url == "https://acme.blob.core.usgovcloudapi.net"
    assert by_address.name == "acme"
    one_address = storage_account(name="acme", queue_url="https://q.acme.org", identity=identity)
    assert (one_address.blob_url, one_address.queue_url) == (by_name.blob_url, "https://q.acme.org")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "AzureWebJobsStorage"),
        ({"blob_url": "https://acme.blob.core.windows.net"}, "service URIs"),
        ({"name": "acme", "blob_url": "acme"}, "AzureWebJobsStorage__blobServiceUri"),
        ({"name": "acme", "queue_url": "https://"}, "AzureWebJobsStorage__queueServiceUri"),
        ({"name": "acme", "blob_url": "http://acme.blob.core.windows.net"}, "https"),
    ],
)
def test_addresses_that_cannot_be_are_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        storage_account(**given, identity=Identity())


@pytest.mark.parametrize(
    ("connection_string", "name", "blob_url", "origin"),
    [
        ("UseDevelopmentStorage=true", None, None, "http://127.0.0.1:10000"),
        (f"AccountName=acme;AccountKey={KEY}", "other", None, "https://acme.blob.core.windows.net"),
        ("secret:storage", None, None, None),
        ("secret:storage", None, "https://acme.blob.core.windows.net/", "https://acme.blob.core.windows.net"),
        (None, "acme", "https://files.acme.org/x", "https://files.acme.org"),
        (None, None, None, None),
    ],
)
def test_the_origin_of_the_blobs_is_told_where_it_is_known(
    connection_string: str | None, name: str | None, blob_url: str | None, origin: str | None
) -> None:
    assert blob_origin(connection_string=connection_string, name=name, blob_url=blob_url) == origin
