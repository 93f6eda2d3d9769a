"""SIGKILL at every step of an ingestion in the Azure profile: nothing lost, mixed, doubled or paid twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

from tests.real_host import RealHost
from tests.stand_ins.crashes import ENVIRONMENT, STEPS, CrashScene, Reader
from tests.stand_ins.forked_worker import ForkedWorker
from tests.story.azure_profile import azure_profile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrashScene]:
    with azure_profile(tmp_path) as azure:
        environment = azure.environment | ENVIRONMENT
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        arguments = ["--data", str(tmp_path / "worker"), "--port", "0", "--only", "triggers"]
        with (
            ContainerClient.from_connection_string(environment["AzureWebJobsStorage"], "uploads") as blobs,
            ForkedWorker(arguments, environment, log=tmp_path / "worker.log") as worker,
            RealHost(
                tmp_path / "data",
                models=tmp_path / "none",
                arguments=("--only", "http"),
                environment=environment,
            ) as host,
        ):
            host.sign_in()
            yield CrashScene(host, worker, azure.openai, blobs.delete_blob)


def test_death_at_every_step_loses_mixes_and_repeats_nothing(scene: CrashScene) -> None:
    scene.change()
    assert scene.settle() == []
    scene.build_index()
    with Reader(scene.host) as reader:
        for point in (*(f"{step}:1" for step in STEPS), "written:2", "written:2"):
            scene.change()
            scene.die_at(point)
        assert scene.settle() == []
    assert reader.faults == []
    assert reader.answers > 20
    assert scene.embedded_again() == []
