"""One host with one document, and somebody who is signed in there from the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_host import PASSWORD, RealHost
from tests.stand_ins.command_line import EMAIL, Rag
from tests.stand_ins.weights import weights

__all__ = ["weights"]

TERMS = "# Terms\n\nThe warranty of the pump lasts two years.\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    with RealHost(tmp_path_factory.mktemp("host") / "data", models=weights) as host:
        host.sign_in(EMAIL)
        host.put("shared/terms.md", TERMS.encode())
        host.wait_for_status("shared/terms.md", "indexed")
        yield host


@pytest.fixture
def rag(host: RealHost, tmp_path: Path) -> Rag:
    """Signed in."""
    rag = Rag(tmp_path, f"http://127.0.0.1:{host.port}")
    said = rag("login", rag.address, "--email", EMAIL, given=f"{PASSWORD}\n")
    assert said == f"{EMAIL} is signed in at {rag.address}\n"
    return rag
