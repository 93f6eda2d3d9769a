"""Fixtures with the prepared embedding models, for any test marked `embedder`: import the one you need."""

from pathlib import Path

import pytest

from cli.weights import prepare

CACHE = Path(__file__).parents[2] / ".cache/models"


@pytest.fixture(scope="session")
def weights() -> Path:
    """Folder of the small model, prepared once for every run on this machine."""
    return prepare("minilm", CACHE, report=print)


@pytest.fixture(scope="session")
def multilingual_weights() -> Path:
    return prepare("e5", CACHE, report=print)
