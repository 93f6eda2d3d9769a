"""What a language model is asked beside the answer: short, bounded in time, never worth failing for.

Called by query.rewrite, query.suggest and query.expand.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from shared.chat_models.base import ChatModel
from shared.domain import ChatDelta, Message, Prompt, Usage
from shared.errors import BackendUnavailable
from shared.query.cite import MarkerFilter
from shared.query.prompt import DONT_KNOW
from shared.telemetry import traces
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_PATIENCE = 3.0  # seconds: what it is asked for improves an answer, which must not wait long for that
_AROUND = " \t\"'`*_“”„«»「」"  # what a model may put around a line
_BULLET = re.compile(r"^(?:[-–—*•]|\(?\d{1,2}[.):、])(?!\d)\s*")


class Metered:
    """A chat model with a count of what was asked of it."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.usage = Usage()

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        async with aclosing(self._model.stream(prompt, timeout=timeout)) as deltas:
            async for delta in deltas:
                self.usage += delta.usage or Usage()
                yield delta

    async def close(self) -> None:
        """The model is its owner's to close."""


async def lines(
    instructions: str, data: str, *, model: ChatModel, timeout: float, max_tokens: int, purpose: str
) -> list[str]:
    """The lines that the model says, without markers, quotes and blank ones; none if it fails or is slow.

    `timeout` in seconds; more than three are not waited. `purpose` names it in the logs.
    """
    prompt = Prompt(
        question="",
        passages=(),
        messages=(Message(role="system", content=instructions), Message(role="user", content=data)),
        max_tokens=max_tokens,
    )
    try:
        said = await _said(prompt, model, min(timeout, _PATIENCE))
    except (BackendUnavailable, TimeoutError) as error:
        reason = type(error).__name__
        event(log, "aside_failed", level=logging.WARNING, purpose=purpose, model=model.name, reason=reason)
        return []
    if DONT_KNOW in said:
        return []
    return [text for line in said.splitlines() if (text := _unmarked(line).strip(_AROUND))]


def questions(said: Sequence[str], *, beside: str, most: int, max_chars: int) -> tuple[str, ...]:
    """At most so many of the lines, without numbers and bullets: each once, and not the one `beside` them.

    A line that ends in a colon announces others.
    """
    found = {_same(beside): ""}
    for line in said:
        text = _BULLET.sub("", line).strip(_AROUND)
        if len(text) <= max_chars and not text.endswith((":", "：")):
            found.setdefault(_same(text), text)
    return tuple(text for same, text in found.items() if same and text)[:most]


async def _said(prompt: Prompt, model: ChatModel, timeout: float) -> str:
    """Errors: `BackendUnavailable`, `TimeoutError`."""
    with traces.model_call("chat", model.name):
        async with asyncio.timeout(timeout), aclosing(model.stream(prompt, timeout=timeout)) as deltas:
            return "".join([delta.text async for delta in deltas])


def _unmarked(line: str) -> str:
    markers = MarkerFilter(frozenset())
    return markers.feed(line) + markers.end()


def _same(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()
