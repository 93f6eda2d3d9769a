"""`RAG_PROFILE=azure` without Azure: Azurite, Redis and MongoDB for real, stand-ins for the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def azure_profile(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a host, over services of the test's own."""
    raise NotImplementedError
    yield {}
