"""One story, told once per profile: the local one, and the Azure one over real servers and stand-ins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_host import RealHost
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.weights import weights
from tests.story.azure_profile import AzureProfile, azure_profile
from tests.worker.person import Person

__all__ = ["weights"]


@pytest.fixture(scope="module", params=["local", "azure"])
def azure(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AzureProfile | None]:
    """None in the local profile."""
    if request.param == "local":
        yield None
    else:
        with azure_profile(tmp_path_factory.mktemp("azure")) as profile:
            yield profile


@pytest.fixture(scope="module")
def host(
    azure: AzureProfile | None, tmp_path_factory: pytest.TempPathFactory, weights: Path
) -> Iterator[RealHost]:
    folder = tmp_path_factory.mktemp("host")
    environment = {} if azure is None else azure.environment
    with RealHost(folder / "data", models=weights, environment=environment) as host:
        yield host


@pytest.fixture(scope="module")
def tenant(azure: AzureProfile | None) -> EntraServer | None:
    return None if azure is None else azure.entra


@pytest.fixture(scope="module")
def ada(host: RealHost) -> Person:
    """The first account: she administers."""
    return Person(host.client, "ada@example.com")


@pytest.fixture(scope="module")
def bob(host: RealHost, ada: Person) -> Person:
    return Person(host.client, "bob@example.com")
