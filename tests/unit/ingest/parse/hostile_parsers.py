"""Parse functions that misbehave, for test_pool.py. Loaded by the fork server, never by the tests."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.limits import ParseLimits


def document(text: str) -> ParsedDocument:
    return ParsedDocument(title="t", pages=(ParsedPage(number=1, text=text),))


def misbehave(path: Path, name: str, limits: ParseLimits) -> ParsedDocument:
    """`name` says how."""
    if name == "loop":
        while True:
            pass
    if name == "sleep":
        path.with_suffix(".pid").write_text(str(os.getpid()))
        time.sleep(3600)
    if name == "family":
        child = subprocess.Popen(["sleep", "3600"])
        path.with_suffix(".pid").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(3600)
    if name == "hog":
        return document("x" * limits.memory_bytes * 2)
    if name == "abort":
        os.kill(os.getpid(), signal.SIGABRT)
    if name == "vanish":
        os._exit(0)
    if name == "raise":
        raise KeyError("unforeseen")
    if name == "reject":
        raise DocumentRejected("not this one")
    if name == "flood":
        return document("x" * (limits.max_text_chars * 4 + (1 << 20)))
    return document(_look_around(name))


def _look_around(name: str) -> str:
    if name == "network":
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        except OSError as error:
            return type(error).__name__ + str(error.errno)
    if name == "descriptors":
        return " ".join(sorted(entry.name for entry in Path("/proc/self/fd").iterdir()))
    if name == "environment":
        return " ".join(os.environ)
    return str(os.getppid())
