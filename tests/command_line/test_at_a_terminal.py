"""The command line as people use it, at a terminal, against a real host."""

import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.real_host import PASSWORD, free_port
from tests.stand_ins.command_line import EMAIL, Rag
from tests.stand_ins.terminal import Terminal

pytestmark = [pytest.mark.embedder, pytest.mark.timeout(300)]


def test_a_terminal_is_asked_for_address_and_password_and_shows_a_table(rag: Rag) -> None:
    rag("logout")
    with Terminal("login", rag.address, environment=rag.environment) as terminal:
        terminal.wait_for("E-mail address: ")
        terminal.type(f"{EMAIL}\n")
        terminal.wait_for("Password: ")  # which comes once what is typed is not shown any more
        terminal.type(f"{PASSWORD}\n")
        terminal.wait_for("is signed in at")
        assert terminal.wait() == 0
        assert PASSWORD not in terminal.raw
    with Terminal("documents", environment=rag.environment) as terminal:
        assert terminal.wait() == 0
        assert re.search(r"status +name.*\nindexed +shared/terms\.md", terminal.text)
        assert "\x1b[1m" in terminal.raw
    with Terminal("documents", environment=rag.environment | {"NO_COLOR": "1"}) as terminal:
        assert terminal.wait() == 0
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.raw)


def test_a_conversation_at_a_terminal_is_left_by_ctrl_d_and_not_by_ctrl_c(rag: Rag) -> None:
    with Terminal("chat", environment=rag.environment) as terminal:
        terminal.wait_for("\n> ")
        terminal.type("not this")
        terminal.wait_for("not this")
        terminal.interrupt("> ")
        terminal.type("How long is the warranty of the pump?\n")
        terminal.wait_for("two years")
        terminal.wait_for("\n> ")
        terminal.type("/bogus\n")
        terminal.wait_for("there is no /bogus")
        terminal.wait_for("\n> ")
        terminal.type("\x04")
        assert terminal.wait() == 0


def test_a_host_that_is_away_ends_no_conversation_at_a_terminal(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    environment = Rag(tmp_path, address).environment | {"RAG_URL": address, "RAG_TOKEN": "t"}
    with Terminal("chat", environment=environment) as terminal:
        terminal.wait_for("\n> ")
        terminal.type("Why?\n")
        terminal.wait_for(f"no host answers at {address}")
        terminal.wait_for("\n> ")
        terminal.type("\x04")
        assert terminal.wait() == 0


class Endless(BaseHTTPRequestHandler):
    """Answers word by word until nobody listens any more."""

    gone = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b'event: delta\ndata: {"text": "word "}\n\n')
        except OSError:
            self.gone.set()

    def log_message(self, *_: object) -> None:
        pass


def test_ctrl_c_stops_the_answer_and_not_the_program(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        environment = Rag(tmp_path, address).environment | {"RAG_URL": address, "RAG_TOKEN": "t"}
        with Terminal("chat", environment=environment) as terminal:
            terminal.wait_for("\n> ")
            terminal.type("Why?\n")
            terminal.wait_for("word word")
            terminal.type("\x03")
            terminal.wait_for("(stopped)")
            assert Endless.gone.wait(60), "the host is still writing"
            terminal.wait_for("\n> ")
            terminal.type("/quit\n")
            assert terminal.wait() == 0
        with Terminal("ask", "Why?", environment=environment) as terminal:
            terminal.wait_for("word word")
            terminal.type("\x03")
            assert terminal.wait() == 128 + signal.SIGINT
        server.shutdown()
