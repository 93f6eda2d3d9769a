"""What a parser's process is denied: network, privileges, writing, memory, time. Called by the fork server.

The resource limits hold everywhere. The rest is taken away where the kernel lets an ordinary process do so,
and silently kept where it does not: a network namespace (Linux, many containers), a seccomp filter (Linux on
x86-64 and 64-bit ARM), Landlock (Linux 5.13 and later). RLIMIT_NPROC is not used: it would count all that the
user runs. What forks stays in the process group that the server kills as a whole.
"""

import ctypes
import functools
import os
import resource
import signal
import struct
import sys
from typing import Any

from shared.ingest.parse.limits import ParseLimits

M_ARENA_MAX = -8
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
# macOS refuses a limit below the terabytes that every process there maps.
MEMORY_LIMIT = resource.RLIMIT_DATA if sys.platform == "darwin" else resource.RLIMIT_AS
# A pool of threads as wide as the machine is would use up the memory limit on a large one.
SINGLE_THREADED = {"TOKIO_WORKER_THREADS": "1", "RAYON_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
CAPABILITY_VERSION = 0x20080522
CAPABILITIES_TO_READ = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH

# By machine: the kernel's name of its calling convention; the numbers of socket, setpgid, setsid and
# io_uring_setup (which can open sockets by itself).
SYSTEM_CALLS = {
    "x86_64": (0xC000003E, (41, 109, 112, 425)),
    "aarch64": (0xC00000B7, (198, 154, 157, 425)),
}
BPF_LOAD, BPF_IF_EQUAL, BPF_IF_AT_LEAST, BPF_RETURN = 0x20, 0x15, 0x35, 0x06
FIRST_X32_CALL = 0x40000000  # the same calls under other numbers
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # with EPERM

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
WRITE_FILE = 1 << 1
# By the version that brought them: writing, removing and making; linking elsewhere; truncating.
WRITES = {1: WRITE_FILE | 0x1FF0, 2: 1 << 13, 3: 1 << 14}
SCOPES = {6: 0b11}  # abstract sockets and signals reach no process outside


def spare_address_space() -> None:
    """Keep what this process and its children will map close to what they use; before any thread starts.

    glibc reserves 64 MiB for each thread. With one arena for all of them the libraries map 170 MiB, and a
    workbook of 98 MiB (4 million cells) takes 640 MiB at its peak, a PDF of 600 pages 190, of 5,000 350.
    """
    for name, value in SINGLE_THREADED.items():
        os.putenv(name, value)
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def adopt_orphans() -> None:
    """Processes whose parent ended become this one's, so that it can reap them."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def drop_network() -> bool:
    """Move this process and all it will fork to a network without interfaces; whether that worked."""
    unshare = getattr(_libc(), "unshare", None)
    if unshare is None:
        return False
    # Root needs no user namespace, and in one it could not read other users' files.
    as_root = os.geteuid() == 0 and unshare(CLONE_NEWNET) == 0
    return bool(as_root or unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def drop_privileges() -> None:
    """Death of the parent process is death; besides, all that is below."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    no_new_privileges()
    drop_capabilities()
    refuse_writing()
    refuse_calls()


def no_new_privileges() -> None:
    """No setuid program gives more rights. The kernel asks for this before the next two."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Root keeps the reading of other users' files and nothing else; with more it could pass by Landlock."""
    libc = _libc()
    if not hasattr(libc, "capset"):
        return
    header, held = struct.pack("Ii", CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    libc.capget(header, held)
    _, permitted, *_ = struct.unpack("6I", held)
    kept = permitted & CAPABILITIES_TO_READ
    libc.capset(header, struct.pack("6I", kept, kept, 0, 0, 0, 0))


def refuse_calls() -> bool:
    """No sockets, and no way out of the process group; whether that worked."""
    convention, refused = SYSTEM_CALLS.get(os.uname().machine, (0, ()))
    if sys.platform != "linux" or not refused:
        return False
    to_refusal = len(refused) + 1  # instructions between the first comparison of a number and the last line
    program = [
        (BPF_LOAD, 0, 0, 4),  # the calling convention
        (BPF_IF_EQUAL, 0, to_refusal + 2, convention),
        (BPF_LOAD, 0, 0, 0),  # the call's number
        (BPF_IF_AT_LEAST, to_refusal, 0, FIRST_X32_CALL),
        *((BPF_IF_EQUAL, to_refusal - at, 0, call) for at, call in enumerate(refused, 1)),
        (BPF_RETURN, 0, 0, ALLOW),
        (BPF_RETURN, 0, 0, REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    head = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    return _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(head)) == 0


def refuse_writing() -> bool:
    """No file but /dev/null is written, and no process outside looked into; whether that worked."""
    version = landlock_version()
    if version < 1:
        return False
    writes, scopes = (sum(of[v] for v in of if v <= version) for of in (WRITES, SCOPES))
    handled = struct.pack("QQQ", writes, 0, scopes)
    rules = _syscall(LANDLOCK_CREATE_RULESET, handled, len(handled), 0)
    nowhere = os.open(os.devnull, os.O_PATH | os.O_CLOEXEC)
    exception = struct.pack("=Qi", WRITE_FILE, nowhere)
    _syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_RULE_PATH_BENEATH, exception, 0)
    succeeded = _syscall(LANDLOCK_RESTRICT_SELF, rules, 0) == 0
    os.close(nowhere)
    os.close(rules)
    return succeeded


def landlock_version() -> int:
    """0 or less where there is none."""
    if sys.platform != "linux":
        return 0
    return _syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)


def set_resource_limits(limits: ParseLimits) -> None:
    """For this process. The soft CPU limit ends it with SIGXCPU, which the pool can tell from a crash."""
    for kind, soft, hard in (
        (MEMORY_LIMIT, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, limits.written_bytes, limits.written_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        ceiling = hard if allowed == resource.RLIM_INFINITY else min(hard, allowed)
        resource.setrlimit(kind, (min(soft, ceiling), ceiling))


@functools.cache
def _libc() -> ctypes.CDLL:
    """Opened before the server forks: every opening makes new classes, which takes a child a millisecond."""
    return ctypes.CDLL(None)


def _prctl(option: int, *values: int) -> int:
    """-1 where it fails or there is no such call."""
    prctl = getattr(_libc(), "prctl", None)
    padded = (*values, 0, 0, 0, 0)[:4]
    return -1 if prctl is None else int(prctl(option, *map(ctypes.c_ulong, padded)))


def _syscall(number: int, *values: Any) -> int:
    syscall = _libc().syscall
    syscall.restype = ctypes.c_long
    return int(
        syscall(ctypes.c_long(number), *(ctypes.c_long(v) if isinstance(v, int) else v for v in values))
    )
