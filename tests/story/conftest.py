"""One story, told once per profile: the local one, and the Azure one over real servers and stand-ins."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real_host import RealHost
from tests.stand_ins.weights import weights
from tests.story.azure_profile import azure_profile
from tests.worker.person import Person

__all__ = ["weights"]


@pytest.fixture(scope="module", params=["local", "azure"])
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, weights: Path
) -> Iterator[RealHost]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        environment = stack.enter_context(azure_profile(folder)) if request.param == "azure" else {}
        yield stack.enter_context(RealHost(folder / "data", models=weights, environment=environment))


@pytest.fixture(scope="module")
def ada(host: RealHost) -> Person:
    """The first account: she administers."""
    return Person(host.client, "ada@example.com")


@pytest.fixture(scope="module")
def bob(host: RealHost, ada: Person) -> Person:  # noqa: ARG001 - the second account
    return Person(host.client, "bob@example.com")
