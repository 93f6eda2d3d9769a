"""The real app, but for a language model that takes a known time. bench.overload puts it in front."""

import asyncio
import dataclasses
import importlib.util
from collections.abc import AsyncGenerator
from pathlib import Path

from shared.domain import ChatDelta, Prompt, Usage
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.metrics import Metrics

_PATH = Path(__file__).resolve().parents[2] / "function_app.py"
_spec = importlib.util.spec_from_file_location("real_function_app", _PATH)
assert _spec is not None
assert _spec.loader is not None
real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(real)

app, api, announce, runtime = real.app, real.api, real.announce, real.runtime

_FIRST_WORD = 0.2  # seconds
_WORDS = 10
_BETWEEN = 0.02


class TimedModel:
    name = "timed"

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:  # noqa: ARG002
        await asyncio.sleep(_FIRST_WORD)
        for _ in range(_WORDS):
            yield ChatDelta(text="word ")
            await asyncio.sleep(_BETWEEN)
        yield ChatDelta(text="[1]", usage=Usage(prompt_tokens=500, completion_tokens=_WORDS + 1))

    async def close(self) -> None:
        pass


async def _open(settings: Settings, metrics: Metrics) -> Services:
    return dataclasses.replace(await _open_services(settings, metrics), chat_model=TimedModel())


_open_services = runtime._open_services
runtime._open_services = _open
