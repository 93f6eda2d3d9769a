"""What a parser's process is denied: network, privileges, memory, time. Called by the fork server.

The resource limits hold everywhere; the network and the privileges are taken away where the kernel
lets an ordinary process do so, and silently kept where it does not (macOS, some containers).
"""

import ctypes
import os
import resource
import signal
import sys

from shared.ingest.parse.limits import ParseLimits

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
# macOS refuses a limit below the terabytes that every process there maps.
MEMORY_LIMIT = resource.RLIMIT_DATA if sys.platform == "darwin" else resource.RLIMIT_AS


def drop_network() -> bool:
    """Move this process and all it will fork to a network without interfaces; whether that worked."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None:
        return False
    # Root needs no user namespace, and in one it could not read other users' files.
    as_root = os.geteuid() == 0 and unshare(CLONE_NEWNET) == 0
    return bool(as_root or unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def drop_privileges() -> None:
    """No setuid program gives more rights; death of the parent process is death."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


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
