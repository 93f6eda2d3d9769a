"""A terminal with somebody in front of it: runs a command on a pty, types, and reads what is shown.

Used by the tests of the command line.
"""

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 180.0  # seconds for anything that is waited for
# Makes the pty the terminal that Ctrl-C comes from, then becomes the command.
_BECOME = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """`with Terminal("chat", environment=…) as terminal:`; ends what still runs."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], width: int = 100) -> None:
        self._raw = b""
        self._read_up_to = 0
        self._screen, inside = os.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        command = [sys.executable, "-c", _BECOME, sys.executable, "-P", "-m", "cli.main", *arguments]
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "TERM": "xterm-256color"}
        self._process = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=own | dict(environment),
            start_new_session=True,
        )
        os.close(inside)

    @property
    def raw(self) -> str:
        """All that was shown, with what it is shown by."""
        return self._raw.decode(errors="replace")

    @property
    def text(self) -> str:
        return _STYLE.sub("", self.raw).replace("\r", "")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait_for(self, words: str) -> str:
        """What was shown since the last wait, up to and with these words."""
        until = time.monotonic() + _PATIENCE
        while words not in self.text[self._read_up_to :]:
            assert time.monotonic() < until, f"waited in vain for {words!r}:\n{self.text}"
            assert self._read() or words in self.text[self._read_up_to :], (
                f"it ended without {words!r}:\n{self.text}"
            )
        end = self.text.index(words, self._read_up_to) + len(words)
        shown, self._read_up_to = self.text[self._read_up_to : end], end
        return shown

    def interrupt(self, words: str) -> None:
        """Ctrl-C, again if these words do not come: `input` misses one that comes right before it waits."""
        until = time.monotonic() + _PATIENCE
        while words not in self.text[self._read_up_to :]:
            assert time.monotonic() < until, f"Ctrl-C brings no {words!r}:\n{self.text}"
            self.type("\x03")
            pressed = time.monotonic()
            while words not in self.text[self._read_up_to :] and time.monotonic() < pressed + 2:
                assert self._read(), f"it ended without {words!r}:\n{self.text}"
        self.wait_for(words)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        until = time.monotonic() + _PATIENCE
        while self._read():
            assert time.monotonic() < until, f"it does not end:\n{self.text}"
        return self._process.wait(_PATIENCE)

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self._screen], [], [], 0.2)[0]:
            return True
        try:
            piece = os.read(self._screen, 65536)
        except OSError:  # nobody has the other end open any more
            return False
        self._raw += piece
        return bool(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_PATIENCE)
        os.close(self._screen)
