"""What a process spends its processor time on, from inside it. Switched on and off by the bench's host.

The kernel interrupts the process after so much *work* of its own, so that a busy machine changes nothing.
What is sampled is the main thread, weighted by how much of the work was its own; of the others only the sum
is known.
"""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

_EVERY = 0.002  # seconds of work


class Sampler:
    """For the main thread, which signals interrupt."""

    def __init__(self) -> None:
        self._stacks: Counter[str] = Counter()  # microseconds by stack, the outermost frame first
        self._worked = 0.0
        self._before: dict[str, float] = {}

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        self._before, self._worked = work_of_threads(), time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def stop(self) -> dict[str, Any]:
        """`stacks`: microseconds of the main thread; `threads`: seconds of each kind of them."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        stacks, self._stacks = self._stacks, Counter()
        now = work_of_threads()
        threads = {name: now[name] - self._before.get(name, 0.0) for name in now}
        return {"stacks": stacks, "threads": threads}

    def _sample(self, _: int, frame: FrameType | None) -> None:
        worked = time.thread_time()
        self._stacks[_stack(frame)] += round(1e6 * (worked - self._worked))
        self._worked = worked


def work_of_threads() -> dict[str, float]:
    """Seconds so far by name; those of one pool together."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    spent: Counter[str] = Counter()
    for thread in Path("/proc/self/task").iterdir():
        fields = (thread / "stat").read_text().rpartition(") ")[2].split()
        name = names.get(int(thread.name), "native threads").rstrip("0123456789").rstrip("_-")
        spent[name] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return dict(spent)


def _stack(frame: FrameType | None) -> str:
    frames = []
    while frame is not None:
        frames.append(f"{frame.f_code.co_qualname} ({frame.f_code.co_filename})")
        frame = frame.f_back
    return ";".join(reversed(frames))
