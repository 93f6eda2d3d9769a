"""The process of a local model: what is broken off is killed, and nothing outlives the host.

In place of llama.cpp there is a module of its name that does as it is told by the question.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from shared.chat_models.llama_process import LlamaProcess
from shared.errors import BackendUnavailable

STUB = """
import os, time
class _Anything:
    def __setattr__(self, name, value): pass
    def __getattr__(self, name): return _Anything()
CommonParams = _Anything
class Server:
    def __init__(self, params): print("loading", flush=True)  # what libraries print is no answer
    def handle_chat_completions(self, request, callback):
        asked = request["messages"][-1]["content"]
        def say(**delta): callback({"choices": [{"delta": delta}]})
        say(role="assistant", content=None)
        if asked == "die": os._exit(9)
        if asked == "too long":
            return callback({"error": {"message": "too long", "n_prompt_tokens": 400, "n_ctx": 100}})
        if asked == "fail": raise ValueError("no such template")
        say(content="Hello "); say(content="there.")
        while asked == "go on for ever": time.sleep(0.01)
        callback({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
"""
# `python -I script …` with the stub in front of all packages.
WRAPPER = """#!/bin/sh
shift
exec '{python}' -c 'import sys, runpy; sys.path.insert(0, "{folder}"); sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")' "$@"
"""
# A host that is killed in the middle of an answer. It tells the process's id first.
HOST = """
import asyncio, sys
from pathlib import Path
from shared.chat_models.llama_process import LlamaProcess
async def main():
    process = LlamaProcess(Path("model.gguf"), window=100, threads=1, python=sys.argv[1])
    async for event in process.ask({"messages": [{"content": "go on for ever"}], "max_tokens": 5}):
        print(process.pid, flush=True)
asyncio.run(main())
"""
PATIENCE = 60.0  # seconds: the machine may be busy


@pytest.fixture
def python(tmp_path: Path) -> str:
    (tmp_path / "xllamacpp.py").write_text(STUB)
    wrapper = tmp_path / "python"
    wrapper.write_text(WRAPPER.format(python=sys.executable, folder=tmp_path))
    wrapper.chmod(0o755)
    return str(wrapper)


@pytest.fixture
async def process(python: str):
    process = LlamaProcess(Path("model.gguf"), window=100, threads=1, python=python)
    yield process
    await process.close()


def asking(text: str) -> dict:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 5}


async def events(process: LlamaProcess, text: str) -> list[dict]:
    return [event async for event in process.ask(asking(text))]


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.01)


async def test_an_answer_comes_in_pieces_with_its_usage(process: LlamaProcess) -> None:
    assert process.pid is None, "it starts when it is asked"
    assert await events(process, "hello") == [{"text": "Hello "}, {"text": "there."}, {"usage": [7, 2]}]


async def test_one_process_answers_one_question_after_the_other(process: LlamaProcess) -> None:
    await events(process, "hello")
    pid = process.pid
    assert await events(process, "too long") == [{"error": "too long", "too_long": 0.25}]
    assert await events(process, "fail") == [{"error": "no such template"}]
    await events(process, "hello")
    assert process.pid == pid


async def test_what_is_broken_off_is_killed_and_the_next_question_answered(process: LlamaProcess) -> None:
    stream = process.ask(asking("go on for ever"))
    await anext(stream)
    pid = process.pid
    assert pid is not None
    await stream.aclose()
    await until_gone(pid)
    assert len(await events(process, "hello")) == 3
    assert process.pid != pid


async def test_a_process_that_dies_is_an_outage_and_another_one_takes_over(process: LlamaProcess) -> None:
    with pytest.raises(BackendUnavailable, match=r"ended \(9\)"):
        await events(process, "die")
    assert len(await events(process, "hello")) == 3


async def test_one_that_cannot_be_started_is_an_outage(tmp_path: Path) -> None:
    process = LlamaProcess(Path("model.gguf"), window=100, threads=1, python=str(tmp_path / "none"))
    with pytest.raises(BackendUnavailable, match="cannot be started"):
        await events(process, "hello")


async def test_closing_ends_it(process: LlamaProcess) -> None:
    await events(process, "hello")
    pid = process.pid
    assert pid is not None
    await process.close()
    await until_gone(pid)
    await process.close()  # once more is quiet


async def test_nothing_outlives_a_host_that_is_killed(python: str) -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST, python], stdout=subprocess.PIPE, text=True)
    with host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        assert psutil.pid_exists(pid)
        host.kill()
    await until_gone(pid)


async def test_it_knows_nothing_of_the_hosts_environment(
    process: LlamaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_SECRET_ANY", "value")
    await events(process, "hello")
    assert process.pid is not None
    assert "RAG_SECRET_ANY" not in psutil.Process(process.pid).environ()
