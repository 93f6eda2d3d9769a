import platform
import subprocess
import sys

import pytest

GROW = """
import sys, threading
from host.memory import share_arenas
if sys.argv[1] == "shared":
    assert share_arenas()
turn = threading.Barrier(8)
def work():
    turn.wait()  # all at once, so that each would take an arena of its own
    pieces = [bytearray(60_000) for _ in range(50)]
    turn.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
arenas = sum("rw-p 00000000 00:00 0" in line and int(line[:12], 16) % (64 << 20) == 0
             for line in open("/proc/self/maps") if line[:12].strip("0123456789abcdef") == "")
print(arenas)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
def test_threads_share_their_memory() -> None:
    def arenas(mode: str) -> int:
        command = [sys.executable, "-c", GROW, mode]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert arenas("shared") <= 1  # beside the main one
    assert arenas("own") > 1
