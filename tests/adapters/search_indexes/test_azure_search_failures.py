"""`AzureSearchIndex` when the service is away, refuses, is busy, or writes only a part of a batch."""

import time
from collections.abc import AsyncIterator

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential

from shared.breaker import Guard
from shared.errors import BackendTimeout, BackendUnavailable
from shared.search_indexes import azure_search_connection, azure_search_service, azure_search_writes
from shared.search_indexes.azure_search import AzureSearchIndex
from shared.search_indexes.azure_search_documents import key_of
from shared.search_indexes.guarded import GuardedSearchIndex
from shared.telemetry.metrics import Metrics
from tests.adapters.search_indexes.azure_search_cases import open_index, service
from tests.contract.search_index_cases import ask, ids, passage
from tests.servers.process import free_port
from tests.stand_ins.search_service import SearchService
from tests.stand_ins.tls import trusted

__all__ = ["service"]

WRITES = "search.index"


@pytest.fixture
async def index(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AzureSearchIndex]:
    """Ready, so that what fails from now on are its searches and writes."""
    monkeypatch.setattr(azure_search_writes, "_FIRST_PAUSE", 0.001)
    index = open_index(service)
    await index.count()
    yield index
    await index.close()


async def test_a_closed_port_names_the_endpoint_and_costs_no_patience(service: SearchService) -> None:
    index = open_index(service, endpoint=f"http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_ENDPOINT"):
        await index.search(ask("x"))
    assert time.monotonic() - started < 5
    await index.close()


async def test_a_key_that_is_refused_names_the_key_and_the_role(service: SearchService) -> None:
    index = open_index(service, credential=AzureKeyCredential("expired"))
    with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_API_KEY") as caught:
        await index.search(ask("x"))
    assert "Search Index Data Contributor" in str(caught.value)
    assert "expired" not in str(caught.value)
    await index.close()


async def test_a_key_that_expires_later_is_refused_the_same_way(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(key="another")
    with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_API_KEY"):
        await index.write([passage()])


async def test_a_token_is_sent_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Identity:
        scopes: tuple[str, ...] = ()

        async def get_token(self, *scopes: str, **_: object) -> AccessToken:
            self.scopes = scopes
            return AccessToken("of-the-app", int(time.time()) + 3600)

        async def close(self) -> None: ...

    monkeypatch.setitem(azure_search_service.CLIENT_OPTIONS, "connection_verify", str(trusted() / "ca.pem"))
    identity = Identity()
    with SearchService(tls=True) as service:
        service.behave(tokens=frozenset({"of-the-app"}))
        index = open_index(service, credential=identity)
        await index.write([passage()])
        assert await index.count() == 1
        await index.close()
    assert identity.scopes == ("https://search.azure.com/.default",)


async def test_a_search_that_is_told_to_wait_says_how_long_and_is_not_repeated(
    index: AzureSearchIndex, service: SearchService
) -> None:
    asked = len(service.requests)
    service.behave(fail_next=1, status=429, retry_after="7")
    with pytest.raises(BackendUnavailable, match="busy") as caught:
        await index.search(ask("x"))
    assert caught.value.retry_after == 7
    assert len(service.requests) == asked


async def test_a_torn_connection_is_tried_again(index: AzureSearchIndex, service: SearchService) -> None:
    await index.write([passage()])
    service.behave(reset_next=1)
    assert await index.chunk_ids("doc", 1) == {"doc.1.0"}
    service.behave(reset_next=1, on=WRITES)
    await index.write([passage("other")])
    assert await index.count() == 2


async def test_a_search_is_tried_again_by_its_guard_alone(
    index: AzureSearchIndex, service: SearchService
) -> None:
    await index.write([passage()])
    metrics = Metrics()
    guarded = GuardedSearchIndex(index, Guard("search_index", metrics), timeout=10)
    service.behave(reset_next=1)
    assert ids(await guarded.search(ask("nothing"))) == ["doc.1.0"]
    service.behave(reset_next=2)
    with pytest.raises(BackendUnavailable):
        await guarded.search(ask("nothing"))
    assert service.behaviour.reset_next == 0
    assert metrics.registry.get_sample_value("rag_retries_total", {"dependency": "search_index"}) == 2


async def test_connections_that_are_always_torn_are_an_outage(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(reset_next=99)
    with pytest.raises(BackendUnavailable, match="AZURE_SEARCH_ENDPOINT"):
        await index.search(ask("x"))


async def test_an_answer_that_only_drips_is_a_timeout(
    index: AzureSearchIndex, service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await index.write([passage()])
    monkeypatch.setattr(azure_search_connection, "_TIMEOUT", 0.3)
    service.behave(drip=0.1)
    with pytest.raises(BackendTimeout):
        await index.search(ask("nothing"))
    service.behave(drip=0.0)


async def test_a_write_waits_out_a_busy_service(index: AzureSearchIndex, service: SearchService) -> None:
    service.behave(fail_next=3, status=503, retry_after="0", on=WRITES)
    await index.write([passage("doc", n) for n in range(3)])
    assert await index.count() == 3


async def test_a_write_gives_up_on_a_storm_within_its_attempts(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(fail_next=99, status=429, on=WRITES)
    with pytest.raises(BackendUnavailable, match="busy"):
        await index.write([passage()])
    assert service.behaviour.fail_next == 99 - 6


async def test_a_write_that_is_told_to_wait_long_leaves_that_to_its_caller(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.behave(fail_next=99, status=503, retry_after="60", on=WRITES)
    with pytest.raises(BackendUnavailable) as caught:
        await index.write([passage()])
    assert caught.value.retry_after == 60
    assert service.behaviour.fail_next == 98


@pytest.mark.parametrize("status", [409, 422, 429, 503])
async def test_chunks_that_were_not_taken_are_sent_again_alone(
    index: AzureSearchIndex, service: SearchService, status: int
) -> None:
    service.fail_key(key_of("doc.1.1"), [status, status])
    await index.write([passage("doc", n) for n in range(3)])
    assert await index.count() == 3
    sent = [[one["id"] for one in body["value"]] for body in service.bodies(WRITES)]
    assert list(map(len, sent)) == [3, 1, 1]
    assert sent[1] == sent[2] == [key_of("doc.1.1")]


async def test_a_chunk_that_is_never_taken_makes_the_write_an_error(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.fail_key(key_of("doc.1.1"), [503] * 99)
    with pytest.raises(BackendUnavailable, match="1 of 3 chunks"):
        await index.write([passage("doc", n) for n in range(3)])


async def test_a_chunk_that_cannot_be_taken_is_an_error_at_once(
    index: AzureSearchIndex, service: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    service.fail_key(key_of("doc.1.1"), [400])
    with pytest.raises(BackendUnavailable, match=r"refused 1 of 3 chunks \(HTTP 400\)"):
        await index.write([passage("doc", n) for n in range(3)])
    assert len(service.bodies(WRITES)) == 1
    assert "search_document_refused" in caplog.messages


async def test_sharing_passes_by_a_chunk_that_was_deleted_meanwhile(
    index: AzureSearchIndex, service: SearchService
) -> None:
    await index.write([passage("doc", n) for n in range(3)])
    service.fail_key(key_of("doc.1.1"), [404])
    await index.set_readers("doc", frozenset({"user:ann"}))
    assert len(await index.search(ask("nothing", readers=frozenset({"user:ann"})))) == 2


async def test_batches_are_cut_by_count_and_by_bytes(index: AzureSearchIndex, service: SearchService) -> None:
    await index.write([passage("many", n) for n in range(1_500)])
    assert [len(body["value"]) for body in service.bodies(WRITES)] == [1_000, 500]
    service.requests.clear()
    await index.write([passage("large", n, "\u00e4" * 80_000) for n in range(5)])  # 6 bytes each as JSON
    assert [len(body["value"]) for body in service.bodies(WRITES)] == [2, 2, 1]


async def test_an_index_that_was_deleted_under_a_running_process_is_named(
    index: AzureSearchIndex, service: SearchService
) -> None:
    service.resources.delete_index("documents", {})
    with pytest.raises(BackendUnavailable, match="rag index build"):
        await index.search(ask("x"))
