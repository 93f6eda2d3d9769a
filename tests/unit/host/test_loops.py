"""Loops that crash start again; loops end when the host stops."""

import asyncio

import pytest

from host.loops import supervise, until


async def test_a_crashed_loop_is_logged_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    starts = 0

    async def run() -> None:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise RuntimeError("crash")

    await supervise("watch", run, asyncio.Event(), least=0.001, most=0.002)
    assert starts == 3
    assert caplog.text.count("loop_crashed") == 2


async def test_stopping_ends_the_pause_before_a_restart() -> None:
    stopping = asyncio.Event()

    async def run() -> None:
        asyncio.get_running_loop().call_soon(stopping.set)
        raise RuntimeError("crash")

    async with asyncio.timeout(5):
        await supervise("watch", run, stopping, least=60, most=60)


async def test_work_is_cut_off_when_the_host_stops() -> None:
    stopping = asyncio.Event()
    cut_off = False

    async def work() -> None:
        nonlocal cut_off
        stopping.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut_off = True
            raise

    await until(stopping, work())
    assert cut_off


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await until(asyncio.Event(), work())
