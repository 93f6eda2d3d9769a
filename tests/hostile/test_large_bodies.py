"""Ten megabytes to every operation: refused before they are taken in, or on disk and not in memory."""

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.hostile.described import Operation, operations
from tests.hostile.wire import Answer, request, talk
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

MEGABYTE = 2**20
BODY = 10 * MEGABYTE
PIECE = b"[" * 65536


def announced() -> tuple[str, Iterable[bytes]]:
    return f"Content-Length: {BODY}", repeat(PIECE, BODY // len(PIECE))


def unannounced() -> tuple[str, Iterable[bytes]]:
    chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    return "Transfer-Encoding: chunked", chain(repeat(chunk, BODY // len(PIECE)), [b"0\r\n\r\n"])


def test_ten_megabytes_to_every_operation_are_never_held(
    served: RealHost, kept: Callable[[Answer], Answer]
) -> None:
    everything = operations(served)
    flooded(served, everything, kept)  # what is opened at first use
    before = memory(served)
    flooded(served, everything, kept)
    grown = memory(served) - before
    sent = 2 * BODY * len(everything)
    print(f"{sent / MEGABYTE:.0f} MB sent to a process of {before / MEGABYTE:.0f} MB: {grown / 1024:+.0f} kB")
    assert grown < BODY / 2


def flooded(host: RealHost, all_of_them: list[Operation], kept: Callable[[Answer], Answer]) -> None:
    for operation in all_of_them:
        for length, pieces in (announced(), unannounced()):
            head = request(operation.method, operation.path("x"), *headers(host, operation), length)
            answers = talk(host.port, [head, *pieces])
            assert answers, operation
            if operation.body and not operation.takes_files:  # what takes no body does not read it
                assert answers[-1].status == 413, (operation, answers[-1])
            kept(answers[-1])


def headers(host: RealHost, operation: Operation) -> list[str]:
    return [f"Authorization: {host.client.headers['Authorization']}", f"Content-Type: {operation.media_type}"]


def memory(host: RealHost) -> int:
    """Bytes that the host has in memory."""
    pages = int(Path(f"/proc/{host.process.pid}/statm").read_text().split()[1])
    return pages * 4096
