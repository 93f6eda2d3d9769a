"""The real app with a language model of known speed. bench/query puts it before the project's own.

A question says itself what it wants. `deltas=40 ms=2000`: an answer of 40 pieces in two seconds, the first
at once. `instant`: neither embedding nor search takes time. Where BENCH_STAGES is set, `GET /bench/stages`
tells, and forgets, how long each call of a plug took. `GET /bench/profile` begins a profile, and ends it.
"""

import asyncio
import dataclasses
import importlib.util
import json
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bench.query_host.sampling import Sampler
from functions.adaptive_limit import AdaptiveLimit
from shared.domain import ChatDelta, Embedding, Hit, IndexVersion, Prompt, SearchQuery, Usage
from shared.services import Services
from shared.settings import Settings
from shared.shelf import IndexShelf, OpenIndex
from shared.telemetry.metrics import Metrics

_PATH = Path(__file__).resolve().parents[2] / "function_app.py"
_spec = importlib.util.spec_from_file_location("real_function_app", _PATH)
assert _spec is not None
assert _spec.loader is not None
real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(real)

# Nobody is sent away: what a question costs is measured here, not how many are taken.
AdaptiveLimit.__int__ = lambda _: sys.maxsize

app, announce, runtime = real.app, real.announce, real.runtime

_ASKED = re.compile(r"deltas=(\d+) ms=(\d+)")
_FIRST = "Thirty days a year [1]. "
_MORE = "And so on, word by word. "
_taken: dict[str, list[float]] = defaultdict(list)  # by plug and call: ms


class PacedChatModel:
    """Every piece has its moment, counted from the call, so that a late one delays none after it."""

    name = "paced"

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:  # noqa: ARG002
        # Without passages it is asked to make a follow-up stand by itself: that is said at once.
        asked = _ASKED.search(prompt.question) if prompt.passages else None
        deltas, seconds = (int(asked[1]), int(asked[2]) / 1000) if asked else (1, 0.0)
        started = time.monotonic()
        yield ChatDelta(text=_FIRST)
        for number in range(1, deltas):
            pause = started + seconds * number / (deltas - 1) - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            yield ChatDelta(text=_MORE)
        yield ChatDelta(usage=Usage(prompt_tokens=1_000, completion_tokens=6 * deltas))

    async def close(self) -> None:
        pass


class Plug:
    """Another plug, its calls timed where that is wanted. What is not replaced here is the other's own."""

    def __init__(self, name: str, real: Any) -> None:
        self._name = name
        self._real = real

    def __getattr__(self, name: str) -> Any:
        found = self._call(name)
        setattr(self, name, found)  # looked up once: what this costs is nobody's
        return found

    def _call(self, name: str) -> Any:
        found = getattr(self._real, name)
        if "BENCH_STAGES" not in os.environ or not asyncio.iscoroutinefunction(found):
            return found

        async def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return await found(*arguments, **named)
            finally:
                _taken[f"{self._name}.{name}"].append((time.perf_counter() - started) * 1000)

        return timed


class RememberingIndex(Plug):
    def __init__(self, real: Any) -> None:
        super().__init__("index", real)
        self._search = self._call("search")
        self._found: dict[tuple[int, frozenset[str] | None], list[Hit]] = {}

    async def search(self, query: SearchQuery) -> list[Hit]:
        if "instant" not in query.text:
            return await self._search(query)
        key = (query.top_k, query.readers)
        if key not in self._found:
            self._found[key] = await self._search(query)
        return self._found[key]


class RememberingEmbedder(Plug):
    def __init__(self, real: Any) -> None:
        super().__init__("embedder", real)
        self._embed_query = self._call("embed_query")
        self._embedding: Embedding | None = None

    async def embed_query(self, text: str) -> Embedding:
        if "instant" not in text:
            return await self._embed_query(text)
        if self._embedding is None:
            self._embedding = await self._embed_query(text)
        return self._embedding


class Measured:
    """The API, and on paths of its own what was measured."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._sampler: Sampler | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/bench/stages":
            await Response(json.dumps(_taken))(scope, receive, send)
            _taken.clear()
        elif scope["type"] == "http" and scope["path"] == "/bench/profile":
            await Response(json.dumps(self._sampled()))(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    def _sampled(self) -> dict[str, Any]:
        """Nothing where it begins."""
        if self._sampler is None:
            self._sampler = Sampler()
            self._sampler.start()
            return {}
        sampler, self._sampler = self._sampler, None
        return sampler.stop()


api = Measured(real.api)


def _with_stand_ins(shelf: IndexShelf) -> IndexShelf:
    open_real, opened = shelf.open, {}

    def open_remembering(version: IndexVersion) -> OpenIndex:
        if version.name not in opened:
            index = open_real(version)
            opened[version.name] = dataclasses.replace(
                index,
                search_index=RememberingIndex(index.search_index),
                embedder=RememberingEmbedder(index.embedder),
            )
        return opened[version.name]

    shelf.open = open_remembering
    return shelf


async def _open(settings: Settings, metrics: Metrics) -> Services:
    services = await _open_services(settings, metrics)
    return dataclasses.replace(
        services,
        chat_model=PacedChatModel(),
        shelf=_with_stand_ins(services.shelf),
        metadata=Plug("metadata", services.metadata),
        cache=Plug("cache", services.cache),
        access_tokens=Plug("tokens", services.access_tokens),
    )


_open_services = runtime._open_services
runtime._open_services = _open
