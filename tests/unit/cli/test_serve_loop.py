"""Which event loop `rag serve` runs on."""

import pytest

from cli.serve import loop_factory
from shared.settings import read_settings

REMOTE: dict[str, dict[str, str]] = {
    "search_index": {"search_index": "azure_search", "azure_search_endpoint": "https://search.example"},
    "metadata_store": {"metadata_store": "mongo", "mongodb_uri": "mongodb://mongo.example"},
    "cache": {"cache": "redis", "redis_url": "redis://redis.example"},
    "secret_store": {"secret_store": "key_vault", "azure_key_vault_url": "https://vault.example"},
}


def test_with_every_store_on_this_machine_it_is_the_faster_one() -> None:
    uvloop = pytest.importorskip("uvloop")
    assert loop_factory(read_settings()) is uvloop.new_event_loop


@pytest.mark.parametrize("store", REMOTE)
def test_beside_a_client_of_a_remote_store_it_is_pythons_own(store: str) -> None:
    assert loop_factory(read_settings(**REMOTE[store])) is None
