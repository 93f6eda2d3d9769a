"""Searching keeps to its time, whichever of the services hangs."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain import Principal, Question
from shared.errors import BackendTimeout
from shared.query import retrieve
from tests.stand_ins.pipeline_services import ingested, pipeline_services

ADA = Principal(user_id="ada", email="ada@example.org")


class Hanging:
    """The real plug, one of whose methods never returns."""

    def __init__(self, plug: Any, method: str) -> None:
        self._plug = plug
        setattr(self, method, self._hang)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plug, name)

    async def _hang(self, *_: object, **__: object) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("plug", "method"),
    [("embedder", "embed_query"), ("search_index", "search"), ("metadata", "documents")],
)
async def test_a_search_ends_in_time_when_a_service_hangs(tmp_path: Path, plug: str, method: str) -> None:
    services = pipeline_services(tmp_path)
    await ingested(services, "The pump has a warranty of seven years.")
    index, metadata = await services.shelf.live(), services.metadata
    if plug == "metadata":
        metadata = Hanging(metadata, method)
    else:
        index = replace(index, **{plug: Hanging(getattr(index, plug), method)})
    began = time.monotonic()
    with pytest.raises(BackendTimeout, match="could not be searched"):
        await retrieve.search(
            Question(text="warranty", mode="vector"),
            ADA,
            index=index,
            metadata=metadata,
            timeout=0.3,
        )
    assert time.monotonic() - began < 3
    await services.close()
