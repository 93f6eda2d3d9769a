"""`rag doctor` where plugs cannot be opened: each is told by its own check, and the others are looked at."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examine_plugs
from cli.doctor_findings import Finding
from cli.doctor_plugs import open_plugs
from shared.settings import read_settings
from tests.servers.mongo import swept

__all__ = ["swept"]

pytestmark = pytest.mark.slow

STORES = {"secrets", "metadata", "blobs", "queue", "cache"}


@pytest.fixture
async def examined(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """The findings of an environment whose data lie in a folder of the test's own."""
    opened = []

    async def examined(**settings: Any) -> dict[str, Finding]:
        plugs = await open_plugs(read_settings(data=tmp_path / "rag", **settings), seconds=5)
        opened.append(plugs)
        return {finding.subject: finding async for finding in examine_plugs(plugs, seconds=15)}

    yield examined
    for plugs in opened:
        await plugs.close()


def failed(findings: dict[str, Finding]) -> set[str]:
    return {subject for subject, finding in findings.items() if finding.level == "FAIL"}


async def test_without_weights_the_stores_are_looked_at(examined: Any, tmp_path: Path) -> None:
    found = await examined(models=tmp_path / "nowhere")
    assert failed(found) == {"embedder", "search index", "index record", "chat model"}
    assert set(found) - failed(found) == STORES
    for subject in failed(found):
        assert "rag weights" in found[subject].message


async def test_a_setting_that_is_malformed_is_told_by_the_plugs_that_it_is_for(
    examined: Any, tmp_path: Path
) -> None:
    found = await examined(
        models=tmp_path / "nowhere",
        metadata_store="mongo",
        mongodb_uri="mongodb://:hunter2@",
        blob_store="azure_blob",
        event_queue="azure_queue",
        azurewebjobsstorage="hunter2",
        cache="redis",
        redis_url="hunter2",
    )
    assert failed(found) & STORES == {"metadata", "blobs", "queue", "cache"}
    assert "MONGODB_URI" in found["metadata"].message
    assert "AzureWebJobsStorage" in found["blobs"].message
    assert "REDIS_URL" in found["cache"].message
    assert not any("hunter2" in finding.message for finding in found.values())


async def test_a_secret_that_is_not_there_is_told_by_the_plug_that_needs_it(
    examined: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_SECRET_REDIS_URL", "hunter2")
    found = await examined(
        models=tmp_path / "nowhere",
        metadata_store="mongo",
        mongodb_uri="secret:mongodb-uri",
        cache="redis",
        redis_url="secret:redis-url",
    )
    assert failed(found) & STORES == {"metadata", "cache"}
    assert "mongodb-uri" in found["metadata"].message
    assert "REDIS_URL" in found["cache"].message  # it was there, and is no address


@pytest.mark.usefixtures("swept")
async def test_what_listens_nowhere_is_told_with_its_setting(examined: Any, tmp_path: Path) -> None:
    key = "a2V5"
    found = await examined(
        models=tmp_path / "nowhere",
        metadata_store="mongo",
        mongodb_uri="mongodb://127.0.0.1:1/",
        blob_store="azure_blob",
        event_queue="azure_queue",
        azurewebjobsstorage=f"AccountName=a;AccountKey={key};BlobEndpoint=http://127.0.0.1:1/a;"
        "QueueEndpoint=http://127.0.0.1:1/a",
        cache="redis",
        redis_url="redis://127.0.0.1:1/0",
    )
    assert failed(found) & STORES == {"metadata", "blobs", "queue"}
    assert found["cache"].level == "warn"
    assert "MONGODB_URI" in found["metadata"].message
    assert "AzureWebJobsStorage" in found["blobs"].message
    assert "AzureWebJobsStorage" in found["queue"].message
