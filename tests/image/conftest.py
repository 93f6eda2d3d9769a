"""The images of the repository as it is, built once for all tests; skipped where nothing builds images."""

import pytest

from tests.image.engine import Engine, Unavailable, find_engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    try:
        return find_engine()
    except Unavailable as reason:
        pytest.skip(f"no image can be built here: {reason}")


@pytest.fixture(scope="session")
def host_image(engine: Engine) -> str:
    """What a cluster runs: every plug on Azure."""
    return engine.build(
        "standalone", tag="test-host", VERSION="1.2.3", REVISION="abc", CREATED="2026-01-02T03:04:05Z"
    )


@pytest.fixture(scope="session")
def local_image(engine: Engine) -> str:
    """The local profile, with the smaller model."""
    return engine.build("standalone", tag="test-local", EXTRAS="local", EMBEDDER="minilm")


@pytest.fixture(scope="session")
def functions_image(engine: Engine) -> str:
    """On a base that has no Functions host, unless Docker builds it."""
    return engine.build("functions", tag="test-functions", VERSION="1.2.3")
