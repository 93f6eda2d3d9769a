"""SIGKILL at every step of an ingestion, and at any moment: nothing lost, mixed, doubled or paid twice."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.real_host import RealHost
from tests.stand_ins.crashes import ENVIRONMENT, LONG, STEPS, CrashScene, Reader
from tests.stand_ins.forked_worker import ForkedWorker
from tests.stand_ins.openai_server import EMBEDDING, OpenAIServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashScene]:
    """With everything indexed once, and a second index that is being filled."""
    folder = tmp_path_factory.mktemp("crashes")
    data = folder / "data"
    with OpenAIServer() as openai, pytest.MonkeyPatch.context() as patch:
        environment = ENVIRONMENT | {
            "RAG_EMBEDDER": "azure_openai",
            "AZURE_OPENAI_ENDPOINT": openai.endpoint,
            "AZURE_OPENAI_API_KEY": "key",
            "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": EMBEDDING,
            "RAG_DATA": str(data),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        arguments = ["--data", str(data), "--port", "0", "--only", "triggers"]
        with (
            ForkedWorker(arguments, environment, log=folder / "worker.log") as worker,
            RealHost(
                data, models=folder / "none", arguments=("--only", "http"), environment=environment
            ) as host,
        ):
            host.sign_in()
            scene = CrashScene(host, worker, openai, lambda name: (data / "uploads" / name).unlink())
            scene.change()
            assert scene.settle() == []
            scene.build_index()
            yield scene


@pytest.fixture
def scene(everything: CrashScene) -> Iterator[CrashScene]:
    yield everything
    everything.worker.stop()


def test_death_at_every_step_loses_mixes_and_repeats_nothing(scene: CrashScene) -> None:
    with Reader(scene.host) as reader:
        for step in STEPS:
            for occurrence in (1, 1, 2):
                scene.change()
                scene.die_at(f"{step}:{occurrence}")
        assert scene.settle() == []
    assert reader.faults == []
    assert reader.answers > 20
    assert scene.embedded_again() == []


def test_death_at_any_moment_loses_mixes_and_repeats_nothing(scene: CrashScene) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Reader(scene.host) as reader:
        for _ in range(12):
            scene.die_after(chance.uniform(0.0, 2.0))
        assert scene.settle() == []
    assert reader.faults == []
    assert reader.answers > 20
    assert scene.embedded_again() == []


def test_a_restarted_worker_goes_on_within_seconds(scene: CrashScene) -> None:
    scene.change()
    scene.die_at("written:2")
    began = time.monotonic()
    scene.worker.begin()
    scene.host.wait_for_status(LONG, "indexed")
    assert time.monotonic() - began < 20
    assert scene.embedded_again() == []


def test_a_document_that_ends_its_worker_each_time_is_parked_until_it_is_retried(scene: CrashScene) -> None:
    host, worker = scene.host, scene.worker
    scene.contents["shared/killer.md"] = ["Whoever reads this dies."]
    identifier = host.put("shared/killer.md", "Whoever reads this dies.")
    for _ in range(12):
        worker.begin(kill_at="claimed:1")
        host.wait_until(lambda: worker.has_ended() or host.status("shared/killer.md") == "failed")
        worker.kill()
        if host.status("shared/killer.md") == "failed":
            break
        let_holds_run_out(host)
    document = host.document("shared/killer.md")
    assert document is not None
    assert document["is_parked"], document
    assert "parked after five attempts" in document["reason"]

    host.client.post(f"/api/documents/{identifier}/retry").raise_for_status()
    worker.begin()
    host.wait_for_status("shared/killer.md", "indexed")


def let_holds_run_out(host: RealHost) -> None:
    """Of messages whose worker died: as if some seconds had passed."""
    with closing(sqlite3.connect(host.data / "queue.db")) as queue, queue:
        queue.execute("UPDATE messages SET visible_at = 0")
