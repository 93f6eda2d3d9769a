"""The command line as scripts use it, against a real host: signed in once, in a pipe."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.planted import planted
from tests.real_host import PASSWORD, RealHost, free_port
from tests.stand_ins.command_line import EMAIL, Rag

pytestmark = [pytest.mark.embedder, pytest.mark.timeout(300)]


def test_who_signed_in_once_is_asked_no_more_until_they_sign_out(rag: Rag) -> None:
    assert rag.credentials.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in rag.credentials.read_text()
    assert rag("whoami").startswith(f"{EMAIL} at {rag.address} (Default")
    assert rag("documents") == "indexed\tshared/terms.md\t1 section, 1 chunk\t\n"
    refresh = json.loads(rag.credentials.read_text())["hosts"][rag.address]["refresh_token"]
    rag("logout")
    assert "nobody is signed in at http://127.0.0.1:7071" in rag("documents", code=3)
    assert "nobody is signed in" in rag("logout", code=3)
    assert refresh not in rag.credentials.read_text()


def test_commands_at_once_renew_an_ended_token_together(rag: Rag, host: RealHost) -> None:
    kept = json.loads(rag.credentials.read_text())
    before = kept["hosts"][rag.address]
    before["ends_at"] = 0.0
    rag.credentials.write_text(json.dumps(kept))
    running = [rag.start("whoami") for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    after = json.loads(rag.credentials.read_text())["hosts"][rag.address]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["ends_at"] > 0
    assert rag("whoami").startswith(EMAIL)


def test_a_session_that_was_ended_elsewhere_says_what_to_do(rag: Rag, host: RealHost) -> None:
    host.client.delete("/api/auth/sessions", params={"others": "true"}).raise_for_status()
    assert "sign in again" in rag("whoami", code=3)


def test_a_personal_token_is_kept_or_taken_from_the_environment(rag: Rag) -> None:
    token = rag("tokens", "create", "nightly", "--scope", "query").strip()
    assert rag("tokens", "list").startswith("nightly\tquery\t")
    rag("logout")
    assert rag("whoami", RAG_TOKEN=token, RAG_URL=rag.address).startswith(EMAIL)
    rag("login", rag.address, "--token", "-", given=f"{token}\n")
    assert token in rag.credentials.read_text()
    assert rag("documents").startswith("indexed\t")
    rag("login", rag.address, "--token", "rag_no-such-token", code=3)
    assert rag("documents").startswith("indexed\t"), "the one before is gone"


def test_questions_are_answered_for_people_and_for_programs(rag: Rag) -> None:
    question = "How long is the warranty of the pump?"
    said = rag("ask", question)
    assert "two years" in said
    assert f"[1] shared/terms.md, section 1  {rag.address}/chat#document/" in said
    answer = json.loads(rag("ask", "-", "--json", "--model", "extractive", given=f"{question}\n"))
    assert answer["citations"][0]["document"] == "shared/terms.md"
    again = json.loads(rag("ask", question, "--json", "--conversation", "last"))
    assert again["conversation_id"] == answer["conversation_id"]
    assert "no question" in rag("ask", "-", code=2)


def test_a_conversation_can_be_fed_by_a_pipe(rag: Rag) -> None:
    said = rag("chat", given="How long is the warranty of the pump?\n\n/sources\n/export\n")
    assert said.startswith("> How long is the warranty of the pump?\n")
    assert said.count("two years") >= 3
    assert "there is no /bogus" in rag("chat", given="/bogus\nNever asked?\n", code=1)


def test_a_folder_is_followed_at_a_host(rag: Rag, host: RealHost) -> None:
    notes = rag.home / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n\nAlpha.\n")
    process = rag.start("ingest", "notes", "--url", rag.address, "--watch", "--delete")
    try:
        host.wait_for_status("a.md", "indexed")
        (notes / "sub").mkdir()
        (notes / "sub" / "b.md").write_text("# B\n\nBeta.\n")
        host.wait_for_status("sub/b.md", "indexed")
        (notes / "a.md").unlink()
        host.wait_until(lambda: host.document("a.md") is None)
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert {"1 new", "sub/b.md: uploaded", "a.md: deleted"} <= set(said.splitlines())
    assert "\x1b" not in said
    assert rag("ingest", "notes/sub", "--url", rag.address, "--under", "sub").startswith("1 indexed")
    assert "none" in rag("ingest", "notes/sub/b.md", "--watch", code=2)


def test_who_reads_documents_is_said_and_they_are_deleted(rag: Rag, host: RealHost) -> None:
    host.put("mine.md", b"# Mine\n\nMine.\n")
    host.wait_for_status("mine.md", "indexed")
    assert rag("documents", "share", "mine.md", "--with", "everyone") == "mine.md: everyone\n"
    assert rag("documents", "share", "mine.md") == "mine.md: nobody but its owner\n"
    assert rag("documents", "delete", "mine.md") == "mine.md is deleted\n"
    assert "there is no document mine.md" in rag("documents", "delete", "mine.md", code=1)


def test_codes_tell_a_script_what_is_wrong(rag: Rag) -> None:
    rag("documents", "--no-such-option", code=2)
    rag("no-such-command", code=2)
    rag("documents", "retry", code=2)
    rag("documents", "--url", f"http://127.0.0.1:{free_port()}", code=4, RAG_TOKEN="t")
    rag("documents", "--url", "rag.example.com", code=2)
    assert re.fullmatch(r"rag-functions \d+\.\d+\.\d+\n", rag("--version"))


def test_a_reader_that_leaves_early_is_no_error(rag: Rag) -> None:
    command = f"{sys.executable} -P -m cli.main config --json | head -1"
    ended = subprocess.run(
        ["bash", "-c", command], env=rag.environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert (ended.stdout, ended.stderr) == ("{\n", "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="NO BASH")
def test_bash_completes_commands_options_and_names(rag: Rag) -> None:
    (rag.home / "bin").mkdir()
    command = rag.home / "bin" / "rag"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m cli.main "$@"\n')
    command.chmod(0o755)
    (rag.home / "rag.bash").write_text(rag("completion", "bash"))

    def completed(*words: str, **environment: str) -> set[str]:
        script = (
            f"source {rag.home}/rag.bash; COMP_WORDS=({' '.join(words)} ''); COMP_CWORD={len(words) - 1};"
            ' COMP_LINE="${COMP_WORDS[*]}"; _rag_completion rag; printf \'%s\\n\' "${COMPREPLY[@]}"'
        )
        path = f"{rag.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "--norc", "-c", script],
            env=rag.environment | {"PATH": path} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert ended.stderr == ""
        return set(ended.stdout.split())

    assert completed("rag", "do") == {"doctor", "documents"}
    assert completed("rag", "ingest", "--wat") == {"--watch"}
    assert completed("rag", "documents", "delete", "shared/t") == {"shared/terms.md"}
    away = {"RAG_URL": f"http://127.0.0.1:{free_port()}", "RAG_TOKEN": "t"}
    assert completed("rag", "documents", "delete", "shared/t", **away) == set()


def test_who_lost_every_password_gets_in_by_way_of_the_store(rag: Rag, host: RealHost) -> None:
    lost = "root@example.com"
    account = {"email": lost, "password": planted("lost for ever")}
    host.client.post("/api/users", json=account).raise_for_status()
    password = rag("users", "recover", lost, "--data", str(host.data))
    assert rag("login", rag.address, "--email", lost, given=password).startswith(lost)
    assert "no accounts are kept" in rag("users", "recover", lost, "--data", str(rag.home), code=1)
