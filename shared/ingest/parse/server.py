"""The fork server: a process that has imported the parsers once and forks a child for each document.

`ParserPool` starts it with `python -c`. It is the only parent of the children, so it alone can kill and reap
them without hitting a recycled process id. It ends, and its children with it, when the pool's end of
the control socket closes, however the pool's process came to its end.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.confine import (
    adopt_orphans,
    drop_network,
    drop_privileges,
    set_resource_limits,
    spare_address_space,
)
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.ocr import read_scan
from shared.ingest.parse.wire import (
    REQUEST,
    Ending,
    ExitCode,
    pack_document,
    pack_rejection,
    unpack_request,
)

Parse = Callable[[Path, str, ParseLimits], ParsedDocument]
MAXRSS_UNIT = 1 if os.uname().sysname == "Darwin" else 1024


@dataclass(kw_only=True)
class _Job:
    pid: int
    lifeline: socket.socket
    deadline: float  # of time.monotonic()
    out_of_time: bool = False


def main(control_fd: int, entry: str, limits: str) -> None:
    """`entry` is `module:function`; `limits` a ParseLimits as JSON."""
    spare_address_space()
    module, _, function = entry.partition(":")
    parse: Parse = getattr(importlib.import_module(module), function)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pool decides when to stop, not the terminal
    drop_network()
    adopt_orphans()
    gc.freeze()  # children share these pages
    with socket.socket(fileno=control_fd) as control:
        _Server(control, parse, ParseLimits(**json.loads(limits))).run()


class _Server:
    def __init__(self, control: socket.socket, parse: Parse, limits: ParseLimits) -> None:
        self._control = control
        self._parse = parse
        self._limits = limits
        self._jobs: dict[int, _Job] = {}  # by the lifeline's descriptor
        self._poll = select.poll()
        self._child_ended, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only its wakeup byte matters

    def run(self) -> None:
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._child_ended, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll(self._patience()):
                if descriptor == self._control.fileno():
                    if not self._accept():
                        return self._end_all()
                elif descriptor == self._child_ended:
                    os.read(self._child_ended, 4096)
                elif descriptor in self._jobs:  # the pool hung up
                    self._kill(self._jobs[descriptor])
            now = time.monotonic()
            for job in self._jobs.values():
                if job.deadline <= now and not job.out_of_time:
                    job.out_of_time = True
                    self._kill(job)
            self._reap()

    def _patience(self) -> float | None:
        """Milliseconds until the next deadline, or None for any length of time."""
        deadlines = [job.deadline for job in self._jobs.values() if not job.out_of_time]
        return max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1 if deadlines else None

    def _accept(self) -> bool:
        """Fork a child for the next job; False when the pool is gone."""
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        if not message:
            return False
        channel, lifeline = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        pid = os.fork()
        if pid == 0:
            _run_child(channel, self._parse, self._limits)
        channel.close()
        with contextlib.suppress(OSError):  # the child may have done it, or be gone
            os.setpgid(pid, pid)
        deadline = time.monotonic() + self._limits.wall_seconds
        self._jobs[lifeline.fileno()] = _Job(pid=pid, lifeline=lifeline, deadline=deadline)
        self._poll.register(lifeline, 0)  # hang-up only
        return True

    def _reap(self) -> None:
        """Children of whom nobody waits for an answer are what parsers left behind."""
        with contextlib.suppress(ChildProcessError):  # there are none at all
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return
                for job in [job for job in self._jobs.values() if job.pid == pid]:
                    self._finish(job, status, usage.ru_maxrss * MAXRSS_UNIT)

    def _finish(self, job: _Job, status: int, peak_bytes: int) -> None:
        self._kill(job)  # what the child left in its group: while there is some, the group's id stays taken
        ending = Ending(status=status, peak_bytes=peak_bytes, out_of_time=job.out_of_time)
        self._poll.unregister(job.lifeline)
        del self._jobs[job.lifeline.fileno()]
        with job.lifeline, contextlib.suppress(OSError):  # the pool may have hung up
            job.lifeline.send(ending.pack())

    def _kill(self, job: _Job) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses for a zombie
            os.killpg(job.pid, signal.SIGKILL)

    def _end_all(self) -> None:
        for job in self._jobs.values():
            self._kill(job)
        for job in self._jobs.values():
            os.waitpid(job.pid, 0)


def _run_child(channel: socket.socket, parse: Parse, limits: ParseLimits) -> None:
    """Never returns. Whatever the parser throws ends here, as an exit code that the pool can read."""
    code = ExitCode.PARSER_FAILED
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        _keep_only(channel)
        drop_privileges()
        set_resource_limits(limits)
        code = _answer(socket.socket(fileno=3), parse, limits)
    finally:
        os._exit(code)


def _keep_only(channel: socket.socket) -> None:
    """The channel becomes descriptor 3; standard streams lead nowhere; all else is closed."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.dup2(channel.detach(), 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))


def _answer(channel: socket.socket, parse: Parse, limits: ParseLimits) -> ExitCode:
    (length,) = REQUEST.unpack(channel.recv(REQUEST.size, socket.MSG_WAITALL))
    path, name, scan = unpack_request(channel.recv(length, socket.MSG_WAITALL))
    try:
        answer = pack_document(read_scan(path, scan, limits) if scan else parse(path, name, limits))
    except DocumentRejected as rejection:
        answer = pack_rejection(str(rejection))
    except MemoryError:
        return ExitCode.OUT_OF_MEMORY
    channel.sendall(answer)
    return ExitCode.ANSWERED
