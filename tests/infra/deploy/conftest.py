"""The cloud that the deployments of these tests go to, and the two hosts that they release to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.infra.deploy.cloud import Cloud, build_cloud, build_repository, with_outputs
from tests.infra.deploy.stand_in_host import StandInHost, serving


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "repository"
    build_repository(folder)
    return folder


@pytest.fixture
def cloud(tmp_path: Path, repository: Path) -> Cloud:
    return build_cloud(tmp_path, repository)


@dataclass
class Hosts:
    """What is wrong with a release, by the place that it is in."""

    functions_fault: str = ""
    aks_fault: str = ""
    is_wrong_for_good: bool = False


@pytest.fixture
def hosts(cloud: Cloud, tmp_path: Path) -> Iterator[Hosts]:
    """Behind the addresses that the deployment is told; the new release has faults, the old one none."""
    state = Hosts()

    def functions() -> str:
        is_new = cloud.released("functions") == cloud.new[:12]
        return state.functions_fault if is_new or state.is_wrong_for_good else ""

    def aks() -> str:
        is_new = cloud.released("aks") == "new"
        return state.aks_fault if is_new or state.is_wrong_for_good else ""

    authority = trustme.CA()
    certificate = tmp_path / "host.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with serving(StandInHost(functions)) as one, serving(StandInHost(aks), certificate) as other:
        with_outputs(cloud, functionAppUrl=f"http://127.0.0.1:{one}")
        cloud.environment["API_HOST"] = f"localhost:{other}"
        cloud.environment["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
        yield state
