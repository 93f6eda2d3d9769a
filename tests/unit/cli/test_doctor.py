"""`rag doctor`: every plug is tried, whatever the others do, and no probe is left behind."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cli import doctor_stores
from cli.doctor import examine_plugs
from cli.doctor_accounts import check_secrets
from cli.doctor_findings import Check, examine, ok
from cli.doctor_indexes import check_search_index
from cli.doctor_models import check_embedder
from cli.doctor_plugs import Plugs
from cli.doctor_stores import check_blobs, check_metadata, check_queue
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.services import Services
from tests.stand_ins.half_broken import OUT_OF_REACH, HalfBroken, fails, hangs
from tests.stand_ins.hashing_embedder import HashingEmbedder
from tests.stand_ins.weights import weights
from tests.unit.cli.doctor_words import said

__all__ = ["weights"]  # a fixture


def plugs_of(services: Services) -> Plugs:
    of_the_shelf = {
        "base": services.shelf.base,
        "indexes": services.shelf.indexes,
        "open_embedder": lambda name, dimension: HashingEmbedder(),
    }
    others = {field.name for field in fields(Plugs)} - of_the_shelf.keys()
    return Plugs(**of_the_shelf, **{name: getattr(services, name) for name in others})


async def search_index_of(services: Services) -> Any:
    return (await services.shelf.live()).search_index


async def assert_nothing_is_left(services: Services) -> None:
    assert [blob async for blob in services.blobs.list()] == []
    assert await (await search_index_of(services)).count() == 0
    assert await services.metadata.list_conversations("rag-doctor") == []
    assert [document async for document in services.metadata.every_document()] == []
    for queue in (doctor_stores.QUEUE, INGEST_QUEUE, POISON_QUEUE):
        assert await services.queue.length(queue) == 0


async def test_before_the_first_start_nothing_is_recorded_or_left(services: Services, tmp_path: Path) -> None:
    found = [finding async for finding in examine_plugs(plugs_of(services))]
    assert [finding for finding in found if finding.level != "ok"] == []
    assert await services.metadata.index_versions(services.shelf.base) == []
    assert list((tmp_path / "index").iterdir()) == []


async def test_a_sound_environment_has_no_fault_and_keeps_no_probe(services: Services) -> None:
    await services.shelf.live()
    found = [finding async for finding in examine_plugs(plugs_of(services))]
    assert [finding for finding in found if finding.level != "ok"] == []
    assert list(dict.fromkeys(finding.subject for finding in found)) == [
        *("secrets", "metadata", "blobs", "queue", "cache"),
        *("embedder", "search index", "index record", "chat model"),
    ]
    await assert_nothing_is_left(services)


@pytest.mark.slow
async def test_plugs_that_fail_hang_or_are_faulty_do_not_keep_the_others_from_being_told(
    services: Services,
) -> None:
    sick: Any = replace(
        plugs_of(services),
        queue=HalfBroken(services.queue, send=fails),
        cache=HalfBroken(services.cache, set=hangs),
        blobs=HalfBroken(services.blobs, ping=None),  # calling it is a TypeError
    )
    began = time.monotonic()
    found = [finding async for finding in examine_plugs(sick, seconds=2.0)]
    assert time.monotonic() - began < 4
    failed = {finding.subject for finding in found if finding.level == "FAIL"}
    assert failed == {"queue", "cache", "blobs"}
    sound = {finding.subject for finding in found} - failed
    assert sound == {"secrets", "metadata", "embedder", "search index", "index record", "chat model"}


async def test_what_hangs_is_told_at_the_deadline_after_what_was_found_before() -> None:
    async def check() -> Check:
        yield ok("answers")
        await hangs()

    began = time.monotonic()
    [(level, _), (last_level, message)] = await said(check(), seconds=0.2)
    assert (level, last_level) == ("ok", "FAIL")
    assert "0.2 s" in message
    assert time.monotonic() - began < 2


async def test_an_unforeseen_error_is_told_without_its_text() -> None:
    async def check() -> Check:
        yield ok("answers")
        raise KeyError("password=hunter2")

    [_, (level, message)] = await said(check())
    assert level == "FAIL"
    assert "KeyError" in message
    assert "test_doctor.py" in message
    assert "hunter2" not in message


async def test_findings_carry_the_time_that_each_took() -> None:
    async def check() -> Check:
        yield ok("at once")
        await asyncio.sleep(0.05)
        yield ok("later")

    [first, second] = await examine("it", check(), seconds=5)
    assert first.ms < 40 <= second.ms


@pytest.mark.parametrize(
    ("plug", "check", "method"),
    [
        ("secrets", check_secrets, "versions"),
        ("metadata", check_metadata, "ping"),
        ("metadata", check_metadata, "add_turn"),
        ("metadata", check_metadata, "delete_conversation"),
        ("blobs", check_blobs, "ping"),
        ("blobs", check_blobs, "put"),
        ("blobs", check_blobs, "delete"),
        ("blobs", check_blobs, "direct_upload"),
        ("queue", check_queue, "send"),
        ("queue", check_queue, "receive"),
        ("queue", check_queue, "length"),
        ("embedder", check_embedder, "embed_passages"),
        ("embedder", check_embedder, "embed_query"),
    ],
)
async def test_every_step_that_fails_is_told_in_the_words_of_its_plug(
    services: Services, plug: str, check: Any, method: str
) -> None:
    broken = HalfBroken(getattr(services, plug), **{method: fails})
    assert (await said(check(broken)))[-1] == ("FAIL", OUT_OF_REACH)


@pytest.mark.parametrize("method", ["count", "write", "search", "delete_versions"])
async def test_every_step_that_fails_is_told_of_the_index(services: Services, method: str) -> None:
    broken = HalfBroken(await search_index_of(services), **{method: fails})
    assert (await said(check_search_index(broken)))[-1] == ("FAIL", OUT_OF_REACH)


@pytest.mark.parametrize("failure", [fails, hangs])
@pytest.mark.parametrize(
    ("plug", "check", "method"),
    [
        ("metadata", check_metadata, "conversation"),
        ("blobs", check_blobs, "head"),
    ],
)
async def test_a_probe_is_taken_away_when_its_check_cannot_be_finished(
    services: Services, plug: str, check: Any, method: str, failure: Any
) -> None:
    broken = HalfBroken(getattr(services, plug), **{method: failure})
    assert (await said(check(broken), seconds=0.5))[-1][0] == "FAIL"
    await assert_nothing_is_left(services)


@pytest.mark.parametrize("failure", [fails, hangs])
async def test_the_passage_of_an_index_is_taken_away_when_its_check_cannot_be_finished(
    services: Services, failure: Any
) -> None:
    broken = HalfBroken(await search_index_of(services), search=failure)
    assert (await said(check_search_index(broken), seconds=0.5))[-1][0] == "FAIL"
    await assert_nothing_is_left(services)


async def test_a_plug_that_hangs_in_tidying_up_too_is_given_up(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_stores, "TIDY_SECONDS", 0.1)
    broken = HalfBroken(services.metadata, add_turn=hangs, delete_conversation=hangs)
    began = time.monotonic()
    assert (await said(check_metadata(broken), seconds=0.2))[-1][0] == "FAIL"
    assert time.monotonic() - began < 2


def rag_doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "doctor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"PATH": "", **environment}, check=False
    )


@pytest.mark.slow
@pytest.mark.embedder
def test_the_local_profile_is_well_with_no_host_running(weights: Path, tmp_path: Path) -> None:
    local = {"RAG_EMBEDDER": "minilm", "RAG_MODELS": str(weights.parent), "RAG_DATA": str(tmp_path / "rag")}
    told = rag_doctor(**local)
    lines = told.stdout.splitlines()
    assert told.returncode == 0, told.stdout + told.stderr
    assert len(lines) > 10
    assert {line.split()[0] for line in lines} == {"ok"}
    assert told.stderr == ""
    assert list(tmp_path.iterdir()) == []  # the first start of a host makes the data folder
    (tmp_path / "rag").mkdir()
    report = json.loads(rag_doctor("--json", **local).stdout)
    assert (tmp_path / "rag/metadata.db").exists()
    assert report["ok"] is True
    assert len(report["findings"]) == len(lines)
    assert set(report["findings"][0]) == {"level", "subject", "message", "ms"}


@pytest.mark.slow
def test_every_wrong_setting_is_a_line_and_a_failure() -> None:
    environment = {"RAG_PROFILE": "azure", "RAG_CASH": "redis"}
    told = rag_doctor(**environment)
    assert told.returncode == 1
    for name in ("RAG_CASH", "MONGODB_URI", "REDIS_URL", "AZURE_KEY_VAULT_URL", "AzureWebJobsStorage"):
        [line] = [line for line in told.stdout.splitlines() if name in line]
        assert line.startswith("FAIL  settings")
    assert json.loads(rag_doctor("--json", **environment).stdout)["ok"] is False


def test_a_folder_that_cannot_be_made_is_one_line() -> None:
    told = rag_doctor(RAG_DATA="/proc/rag")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith("rag: /proc")
