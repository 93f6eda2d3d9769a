"""Parse functions that misbehave, for test_pool.py and test_confine.py. Loaded by the fork server, never
by the tests. `document_name` says how."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.limits import ParseLimits


def document(text: str) -> ParsedDocument:
    return ParsedDocument(title="t", pages=(ParsedPage(number=1, text=text),))


def misbehave(path: Path, document_name: str, limits: ParseLimits) -> ParsedDocument:
    name, _, argument = document_name.partition(" ")
    if name == "loop":
        while True:
            pass
    if name == "sleep":
        time.sleep(3600)
    if name == "family":
        subprocess.Popen(["sleep", "3600"])
        time.sleep(3600)
    if name == "orphan":
        subprocess.run(["sh", "-c", "sleep 3600 &"], check=True)
        return document("left a process behind")
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
    return document(_look_around(name, path, argument))


def _look_around(name: str, path: Path, argument: str) -> str:
    if name == "descriptors":
        return " ".join(sorted(entry.name for entry in Path("/proc/self/fd").iterdir()))
    if name == "environment":
        return " ".join(os.environ)
    attempts: dict[str, Callable[[], object]] = {
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "socket": lambda: socket.socket(socket.AF_UNIX),
        "leave-session": os.setsid,
        "leave-group": lambda: os.setpgid(0, 0),
        "write": lambda: path.write_text("mine"),
        "delete": path.unlink,
        "signal": lambda: os.kill(int(argument), 0),
        "spy": lambda: Path(f"/proc/{argument}/environ").read_text(),
        "program": lambda: subprocess.run(["cat"], input=b"", stdout=subprocess.DEVNULL, check=True),
    }
    if name in attempts:
        try:
            attempts[name]()
        except OSError as error:
            return type(error).__name__
        return "done"
    return str(os.getppid())
