"""Azurite, Microsoft's emulator of blobs and queues. Used by the suites of storage."""

import functools
import hashlib
import os
from pathlib import Path

import pytest
from azure.storage.queue.aio import QueueClient

from shared.azure_storage import StorageAccount, storage_account
from shared.event_queues.azure_queue import AzureStorageQueue
from tests.servers.process import free_port, listens, start, temporary_folder

VARIABLE = "TEST_STORAGE_CONNECTION"
INSTALL = "npm install --prefix .cache/servers/azurite azurite@3.35.0"
_COMMAND = Path(__file__).parents[2] / ".cache/servers/azurite/node_modules/.bin/azurite"


@functools.cache
def address() -> str:
    """A connection string; for the children of this process the same one."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = run()
    return os.environ[VARIABLE]


def account() -> StorageAccount:
    return storage_account(connection_string=address())


class IsolatedQueues(AzureStorageQueue):
    """Queues that only those see who open them on the same folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(account=account())
        self._prefix = name_for(folder)

    def _client(self, queue: str) -> QueueClient:
        return super()._client(f"{self._prefix}-{queue}")


def name_for(folder: Path) -> str:
    """What a test's container is called, and its queues begin with: another one for every test's folder."""
    return "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def run(*options: str, scheme: str = "http") -> str:
    """Start one with these options; its connection string."""
    if not _COMMAND.exists():
        pytest.skip(f"no Azurite: {INSTALL}")
    folder = temporary_folder("azurite")
    blobs, queues, tables = free_port(), free_port(), free_port()
    start(
        [
            *(
                _COMMAND,
                "--silent",
                "--disableTelemetry",
                "--skipApiVersionCheck",
                "--disableProductStyleUrl",
            ),
            *("--location", folder),
            *("--blobPort", blobs, "--queuePort", queues, "--tablePort", tables),
            *options,
        ],
        log=folder / "azurite.log",
        answers=lambda: listens(blobs) and listens(queues),
    )
    usual = storage_account(connection_string="UseDevelopmentStorage=true")
    return (
        f"AccountName={usual.name};AccountKey={usual.key};"
        f"BlobEndpoint={scheme}://127.0.0.1:{blobs}/{usual.name};"
        f"QueueEndpoint={scheme}://127.0.0.1:{queues}/{usual.name}"
    )
