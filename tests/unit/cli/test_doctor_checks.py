"""What each check of `rag doctor` notices of a plug that answers, but not as it should."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cli import doctor_stores
from cli.doctor_accounts import SIGNING_KEY, check_entra, check_secrets
from cli.doctor_stores import QUEUE, check_blobs, check_cache, check_metadata, check_queue
from shared.auth.entra import EntraTokens
from shared.auth.keys import create_key
from shared.domain import DirectUpload
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.secret_stores.local import LocalSecrets
from shared.services import Services
from tests.stand_ins.half_broken import OUT_OF_REACH, HalfBroken, answers, fails
from tests.unit.cli.doctor_words import levels, said, told


async def test_a_missing_signing_key_is_created_as_the_first_start_would(services: Services) -> None:
    assert "created" in await told(check_secrets(services.secrets), "ok")
    stored = await services.secrets.get(SIGNING_KEY)
    assert "can be read" in await told(check_secrets(services.secrets), "ok")
    assert await services.secrets.get(SIGNING_KEY) == stored


async def test_keys_that_are_being_changed_are_counted(tmp_path: Path) -> None:
    keys = json.dumps([create_key(), create_key()])
    secrets = LocalSecrets(tmp_path, {"RAG_SECRET_JWT_SIGNING_KEY": keys})
    assert "2 keys" in await told(check_secrets(secrets), "ok")


async def test_a_secret_that_is_no_key_fails_without_being_quoted(tmp_path: Path) -> None:
    secrets = LocalSecrets(tmp_path, {"RAG_SECRET_JWT_SIGNING_KEY": "hunter2"})
    message = await told(check_secrets(secrets), "FAIL")
    assert "jwt-signing-key" in message
    assert "hunter2" not in message


def entra_tokens(find: Any) -> EntraTokens:
    return EntraTokens(
        authority="https://login.microsoftonline.com",
        tenant_id="0e0e0e0e-0000-4000-8000-000000000001",
        audience="api",
        administrator_role="administrator",
        keys=HalfBroken(None, find=find),
    )


async def test_the_tenants_keys_are_asked_for() -> None:
    assert "can be read" in await told(check_entra(entra_tokens(answers(None))), "ok")
    assert await told(check_entra(entra_tokens(fails)), "FAIL") == OUT_OF_REACH


async def test_a_store_that_forgets_what_was_written_fails(services: Services) -> None:
    assert "cannot be read" in await told(
        check_metadata(HalfBroken(services.metadata, conversation=answers(None))), "FAIL"
    )


async def test_a_file_that_reads_back_as_another_fails(services: Services) -> None:
    async def read(name: str) -> AsyncIterator[bytes]:
        yield b"something else"

    assert "something else" in await told(check_blobs(HalfBroken(services.blobs, read=read)), "FAIL")


@contextmanager
def storage_account(folder: Path, status: int) -> Iterator[str]:
    """A server that answers a PUT with this status and keeps the file if that is a success; its address."""

    class Account(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if status == 201 and self.headers["x-ms-blob-type"] == "BlockBlob":
                (folder / self.path.strip("/").partition("?")[0]).write_bytes(content)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Account) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def with_tickets(blobs: Any, address: str) -> Any:
    async def direct_upload(name: str, *, expires_in: float) -> DirectUpload:
        url = f"{address}/{name}?sig=hunter2"
        return DirectUpload(url=url, headers=(("x-ms-blob-type", "BlockBlob"),))

    return HalfBroken(blobs, direct_upload=direct_upload)


async def test_a_direct_upload_is_tried_and_removed(services: Services, tmp_path: Path) -> None:
    with storage_account(tmp_path / "uploads", 201) as address:
        assert ("ok", "a direct upload arrived") in await said(
            check_blobs(with_tickets(services.blobs, address))
        )
    assert [blob async for blob in services.blobs.list()] == []


async def test_a_direct_upload_that_is_refused_fails(services: Services, tmp_path: Path) -> None:
    with storage_account(tmp_path / "uploads", 403) as address:
        assert "HTTP 403" in await told(check_blobs(with_tickets(services.blobs, address)), "FAIL")


async def test_a_ticket_to_nowhere_fails_without_being_quoted(services: Services) -> None:
    blobs = with_tickets(services.blobs, "http://127.0.0.1:1")
    message = await told(check_blobs(blobs), "FAIL")
    assert "ConnectError" in message
    assert "hunter2" not in message


async def test_a_message_that_never_arrives_fails(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_stores, "_PATIENCE", 0.2)
    assert "did not arrive" in await told(
        check_queue(HalfBroken(services.queue, receive=answers([]))), "FAIL"
    )


async def test_the_probe_of_a_doctor_that_was_killed_is_removed_and_that_of_another_is_not(
    services: Services,
) -> None:
    for body in ("killed", "working"):
        await services.queue.send(QUEUE, body)

    async def receive(*arguments: Any, **limits: Any) -> Any:
        found = await services.queue.receive(*arguments, **limits)
        old = time.time() - 3600
        return [replace(each, inserted_at=old) if each.body == "killed" else each for each in found]

    assert await levels(check_queue(HalfBroken(services.queue, receive=receive))) == ["ok", "ok"]
    assert await services.queue.length(QUEUE) == 1


async def test_a_cache_that_is_slow_to_begin_with_is_well(services: Services) -> None:
    misses: list[bytes | None] = [None, None]

    async def get(key: str) -> bytes | None:
        return misses.pop() if misses else await services.cache.get(key)

    assert await levels(check_cache(HalfBroken(services.cache, get=get))) == ["ok"]


@pytest.mark.parametrize(("age", "expected"), [(60.0, "ok"), (3600.0, "warn")])
async def test_events_that_nobody_works_on_are_a_warning(
    services: Services, age: float, expected: str
) -> None:
    await services.queue.send(INGEST_QUEUE, "{}")
    queue = HalfBroken(services.queue, oldest=answers(time.time() - age))
    assert (await levels(check_queue(queue)))[1:] == [expected]


async def test_messages_on_the_poison_queue_are_a_warning(services: Services) -> None:
    await services.queue.send(POISON_QUEUE, "{}")
    assert POISON_QUEUE in await told(check_queue(services.queue), "warn")


async def test_a_dead_cache_is_a_warning(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_stores, "_CACHE_PATIENCE", 0.2)
    assert "bypassed" in await told(check_cache(HalfBroken(services.cache, get=answers(None))), "warn")
