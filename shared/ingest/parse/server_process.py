"""`ServerProcess`: the fork server (server.py) as a child process. Started, used and ended by the pool."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict

from shared.errors import BackendUnavailable
from shared.ingest.parse.limits import ParseLimits

GRACE = 10.0  # seconds past the wall limit after which the server itself is taken for dead

_START = """
import sys
sys.path[:] = {path!r}
from shared.ingest.parse.server import main
main({fd}, {entry!r}, {limits!r})
"""


class ServerProcess:
    """`end` blocks; the rest does not."""

    def __init__(self, entry: str, limits: ParseLimits) -> None:
        self._control, far = socket.socketpair()
        self._control.setblocking(False)
        with far:
            script = _START.format(
                path=sys.path, fd=far.fileno(), entry=entry, limits=json.dumps(asdict(limits))
            )
            # No environment: a parser has no business with this process's secrets.
            self._process = subprocess.Popen(  # noqa: S603 our own interpreter
                [sys.executable, "-c", script],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
                start_new_session=True,
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, job: list[socket.socket]) -> None:
        try:
            socket.send_fds(self._control, [b"j"], [end.fileno() for end in job])
        except OSError as error:
            raise BackendUnavailable("the parser's server cannot take work; try again") from error

    def end(self) -> None:
        """The server kills its children when the control socket closes."""
        self._control.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
