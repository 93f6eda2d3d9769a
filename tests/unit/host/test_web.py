"""The socket's errors in plain words."""

import pytest

from host.options import HostError
from host.web import listen


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(HostError, match=f"port {port} is taken.*--port"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(HostError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_a_free_port_can_be_asked_for() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0
