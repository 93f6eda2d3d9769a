"""A gate in front of a server's port, which can be shut, held, led elsewhere or swung to and fro.

In tests: `with Gate(port) as gate:`, clients go to `gate.port`, then `gate.fault = "slow"`.
"""

import select
import socket
import struct
import threading
import time
from typing import Literal, Self, TypeAlias

Fault: TypeAlias = Literal["down", "slow", "wrong", "flapping"]

_TICK = 0.02  # seconds between looks at what is to be done
_SWING = 0.4  # seconds that a flapping one is up, and down
_ELSEWHERE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\nWelcome"


class Gate:
    """`fault` None: everything passes. Down tears every connection, slow holds all that is said."""

    def __init__(self, target: int) -> None:
        self.fault: Fault | None = None
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_closed = threading.Event()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        if self.fault == "wrong":
            with client:
                client.sendall(_ELSEWHERE)
            return
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            others = {client: server, server: client}
            while not self._is_closed.is_set():
                if self._is_shut():
                    linger = struct.pack("ii", 1, 0)  # close() then sends RST
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                if self.fault == "slow":
                    time.sleep(_TICK)
                elif not _passed(others):
                    return

    def _is_shut(self) -> bool:
        is_swung = self.fault == "flapping" and int(time.monotonic() / _SWING) % 2 == 0
        return is_swung or self.fault in ("down", "wrong")


def _passed(others: dict[socket.socket, socket.socket]) -> bool:
    """What either side has said by now; False when one has hung up."""
    try:
        for side in select.select(list(others), [], [], _TICK)[0]:
            if not (said := side.recv(65_536)):
                return False
            others[side].sendall(said)
    except OSError:
        return False
    return True
