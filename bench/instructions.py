"""Instructions that this process executes: unlike times they do not depend on what else a machine does.

Linux counts them for `perf`, where a machine has the counters and a virtual machine hands them on.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_PATIENCE = 5.0  # seconds for perf to begin


class Count:
    """`instructions` is None where they cannot be counted."""

    instructions: int | None = None


@contextlib.contextmanager
def counting(event: str = "instructions:u") -> Iterator[Count]:
    """Of all threads, while the context lasts."""
    count = Count()
    perf = shutil.which("perf")
    if perf is None:
        yield count
        return
    command = [perf, "stat", "--field-separator", ",", "--event", event, "--pid", str(os.getpid())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as counter:
        _wait_until_it_counts(counter)
        yield count
        if counter.poll() is None:
            counter.send_signal(signal.SIGINT)
        _, told = counter.communicate()
    number = told.strip().rpartition("\n")[2].partition(",")[0]
    count.instructions = int(float(number)) if number.replace(".", "").isdigit() else None


def _wait_until_it_counts(counter: subprocess.Popen[str]) -> None:
    until = time.monotonic() + _PATIENCE
    while counter.poll() is None and time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if any(
                "perf_event" in str(each.readlink()) for each in Path(f"/proc/{counter.pid}/fd").iterdir()
            ):
                return
        time.sleep(0.01)
