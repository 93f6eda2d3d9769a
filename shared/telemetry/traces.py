"""Spans: what a request, an answer and an ingestion consist of, across processes (W3C Trace Context).

`span` is called by the edge and the pipelines; `start` by compose, where traces are wanted. Without it
nothing of OpenTelemetry is imported and a span costs a function call.

A span never carries text of questions, answers or documents, a name of a document or a person, nor an
error's message, which may quote them: only ids, counts, models, outcomes and the kinds of errors.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
Attributes: TypeAlias = Mapping[str, str | int | float | bool]
Carrier: TypeAlias = Mapping[str, str]  # `traceparent` and, perhaps, `tracestate`

_NONE: Attributes = {}


class Span(Protocol):
    """A context: what is in it is the span's time. Errors that leave it make it a failed one."""

    @property
    def traceparent(self) -> str:
        """Of this span, for whoever goes on with the trace; empty where nothing is recorded."""

    @property
    def ids(self) -> tuple[str, str]:
        """Of the trace and of the span, in hexadecimal."""

    def set(self, attributes: Attributes) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, kind: str) -> None:
        """It has failed, though no error leaves it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracer(Protocol):
    def begin(
        self,
        name: str,
        *,
        kind: Kind,
        attributes: Attributes,
        parent: Carrier | None,
        links: Sequence[str],
        is_current: bool,
    ) -> Span: ...

    def stop(self, seconds: float) -> None:
        """Send what is left, for so many seconds at the most."""


class _Nothing:
    """A span while traces are off."""

    traceparent = ""
    ids = ("", "")

    def set(self, attributes: Attributes) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, kind: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


NOTHING: Span = _Nothing()
_IDS = "_span_ids"
current: ContextVar[Span] = ContextVar("span", default=NOTHING)

_tracer: Tracer | None = None  # of the process, as its log is
_providers: Mapping[str, str] = {}


def start(tracer: Tracer, *, providers: Mapping[str, str] = _providers) -> None:
    """From here on spans are recorded. `providers`: who runs a model, by its name."""
    global _tracer, _providers
    _tracer, _providers = tracer, providers


def stop(seconds: float = 1.5) -> None:
    """Send what is left and record no more. Called at the end of the process; blocks."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        tracer.stop(seconds)


def span(
    name: str,
    *,
    kind: Kind = "internal",
    attributes: Attributes = _NONE,
    parent: Carrier | None = None,
    links: Sequence[str] = (),
    is_current: bool = True,
) -> Span:
    """One that begins now: below `parent`, or else below the current one.

    `links`: traceparents of others that led to it. `is_current`: False around a `yield`, since what comes
    after it may run in another task.
    """
    if _tracer is None:
        return NOTHING
    return _tracer.begin(
        name, kind=kind, attributes=attributes, parent=parent, links=links, is_current=is_current
    )


def model_call(operation: Literal["chat", "embeddings"], model: str, *, is_current: bool = True) -> Span:
    """By the semantic conventions for generative AI."""
    if _tracer is None:
        return NOTHING
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _providers.get(model, "rag_functions"),
        "gen_ai.request.model": model,
    }
    return span(f"{operation} {model}", kind="client", attributes=attributes, is_current=is_current)


def message(queue: str, operation: Literal["send", "process"]) -> Attributes:
    """Of a span around one message, by the semantic conventions for messaging."""
    return {
        "messaging.system": "storage_queue",
        "messaging.destination.name": queue,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }


def sending(queue: str) -> Span:
    """Around the sending of a message; its `traceparent` travels in it."""
    if _tracer is None:
        return NOTHING
    return span(f"send {queue}", kind="producer", attributes=message(queue, "send"))


def leave_ids(error: BaseException, ids: tuple[str, str]) -> None:
    """For the log of whoever catches it outside of the innermost span that it has left."""
    if not hasattr(error, _IDS):
        setattr(error, _IDS, ids)


def ids_left_by(error: BaseException | None) -> tuple[str, str]:
    found: tuple[str, str] = getattr(error, _IDS, ("", ""))
    return found


def is_recording() -> bool:
    return _tracer is not None
