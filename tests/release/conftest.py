"""One release per backend, played once; the tests look at what came of it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.release import scene as scenes
from tests.release.scene import Scene
from tests.stand_ins.weights import weights

__all__ = ["weights"]

_GROUNDS = {"local": scenes.local_ground, "azure": scenes.azure_ground}
ROLLS = int(os.environ.get("TEST_ROLLS", "2"))


@pytest.fixture(scope="module", params=_GROUNDS)
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, weights: Path
) -> Iterator[Scene]:
    """All hosts were replaced twice: a key came with the first release, settings and index with the last."""
    folder = tmp_path_factory.mktemp("release")
    with ExitStack() as stack:
        ground = stack.enter_context(_GROUNDS[request.param](folder))
        scene = stack.enter_context(scenes.opened(folder, weights, ground))
        environ = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {"RAG_EMBEDDER": weights.name, **scene.fleet.environment}.items():
            if (name, ground.environment.get("RAG_PROFILE")) != ("RAG_EMBEDDER", "azure"):
                environ.setenv(name, value)
        environ.setenv("RAG_MODELS", str(weights.parent))
        scene.build_index()
        with scene.traffic.during(scene.load.running()):
            play(scene)
        print(f"\n{request.param}, {ROLLS} releases of {len(scene.fleet.members)} hosts: {scene.load.counts}")
        yield scene


def play(scene: Scene) -> None:
    scene.ground.add_key()
    for _ in range(ROLLS - 1):
        scene.fleet.release()
    # Every host knows the key by now: those that start from here on sign with it.
    scene.ground.age_keys()
    scene.fleet.environment["RAG_MAX_QUESTION_CHARS"] = str(scenes.LONGEST_AFTER)
    scene.fleet.release(after_first=scene.promote_index)
