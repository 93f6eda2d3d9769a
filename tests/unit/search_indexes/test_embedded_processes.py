"""The embedded search index between processes: what one writes the other finds, and a kill breaks nothing."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from shared.search_indexes.base import SearchIndex
from tests.contract.search_index_cases import DIMENSION, ask, ids, open_embedded, passage, until_found

_SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[SearchIndex]:
    index = open_embedded(tmp_path, DIMENSION)
    yield index
    await index.close()


def _serve(folder: Path, pipe: Connection) -> None:
    """Writes and deletes what it is told, and tells when it is done."""

    async def work() -> None:
        index = open_embedded(folder, DIMENSION)
        pipe.send("ready")
        while command := await asyncio.to_thread(pipe.recv):
            kind, document = command
            if kind == "write":
                await index.write([passage(document, n, f"copper {document}") for n in range(3)])
            else:
                await index.delete_versions(document)
            pipe.send("done")
        await index.close()

    asyncio.run(work())


def start(target: Callable[[Path, Connection], None], folder: Path) -> tuple[SpawnProcess, Connection]:
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(folder, there), daemon=True)
    process.start()
    there.close()
    return process, here


async def test_a_searching_process_sees_the_writes_and_deletes_of_another(
    index: SearchIndex, tmp_path: Path
) -> None:
    process, pipe = start(_serve, tmp_path)
    assert await asyncio.to_thread(pipe.recv) == "ready"

    async def tell(*command: str) -> None:
        pipe.send(command)
        assert await asyncio.to_thread(pipe.recv) == "done"

    for mode in ("text", "vector"):
        await tell("write", "one")
        await until_found(index, ask("copper", angle=0, mode=mode), ["one.1.0", "one.1.1", "one.1.2"])
        await tell("delete", "one")
        assert await index.search(ask("copper", angle=0, mode=mode)) == []
    pipe.send(None)
    await asyncio.to_thread(process.join)


async def test_two_processes_write_and_both_find_everything(index: SearchIndex, tmp_path: Path) -> None:
    process, pipe = start(_serve, tmp_path)
    assert await asyncio.to_thread(pipe.recv) == "ready"
    expected = []
    for round_ in range(5):
        pipe.send(("write", f"theirs{round_}"))
        await index.write([passage(f"mine{round_}", n, "copper") for n in range(3)])
        assert await asyncio.to_thread(pipe.recv) == "done"
        expected += [f"{who}{round_}.1.{n}" for who in ("theirs", "mine") for n in range(3)]
    for mode in ("text", "vector"):
        await until_found(index, ask("copper", angle=0, mode=mode, top_k=100), expected)
    pipe.send(None)
    await asyncio.to_thread(process.join)


def _write_for_ever(folder: Path, pipe: Connection) -> None:
    async def work() -> None:
        index = open_embedded(folder, DIMENSION)
        start = await index.count()
        for number in range(start, sys.maxsize):
            await index.write([passage(f"doc{number}", n, f"copper {number}") for n in range(4)])
            if number % 3 == 2:
                await index.delete_versions(f"doc{number - 1}")
            pipe.send(number)

    asyncio.run(work())


async def test_a_process_killed_while_writing_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    wanted: set[str] = set()
    for acknowledged in (3, 8, 5):
        process, pipe = start(_write_for_ever, tmp_path)
        numbers = [await asyncio.to_thread(pipe.recv) for _ in range(acknowledged)]
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.join)
        while pipe.poll():  # acknowledged between the last look and the kill
            try:
                numbers.append(pipe.recv())
            except EOFError:
                break
        wanted |= {f"doc{n}" for n in numbers}
        wanted -= {f"doc{n - 1}" for n in numbers if n % 3 == 2}
        index = open_embedded(tmp_path, DIMENSION)
        stored = [document async for document, _ in index.versions()]
        in_flight = {f"doc{numbers[-1] + 1}"}
        if (numbers[-1] + 1) % 3 == 2:
            in_flight.add(f"doc{numbers[-1]}")
        assert wanted - in_flight <= set(stored) <= wanted | in_flight
        everything = [f"{document}.1.{n}" for document in stored for n in range(4)]
        assert await index.count() == len(everything)
        for mode in ("text", "vector"):
            hits = await until_found(index, ask("copper", angle=0, mode=mode, top_k=1_000), everything)
            assert len(set(ids(hits))) == len(hits)
        wanted = set(stored)
        await index.close()
