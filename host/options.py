"""How the host behaves: what the command line says, and what `host.json` says. Read by `cli/serve.py`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

Part: TypeAlias = Literal["http", "triggers", "queues"]


class HostError(Exception):
    """The host cannot start; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class QueueOptions:
    """Queue triggers. host.json's `extensions.queues` sets the first two, and bounds the delays."""

    batch_size: int = 16  # invocations of one queue at the same time
    max_dequeue_count: int = 5  # attempts, then the poison queue
    visibility: float = 10.0  # seconds that a message stays hidden after its host died
    renew_every: float = 3.0  # seconds
    retry_delays: tuple[float, ...] = (1.0, 4.0, 15.0, 60.0)  # seconds before attempt 2, 3, …
    poll_least: float = 0.1  # seconds between looks at an empty queue; doubles up to poll_most
    poll_most: float = 1.0


@dataclass(frozen=True, kw_only=True)
class HostOptions:
    only: Part | None = None  # None: HTTP and triggers; queues are the triggers that any number may fire
    queues: QueueOptions = field(default_factory=QueueOptions)
    function_timeout: float | None = 1800.0  # seconds; host.json's `functionTimeout`
    drain: int = 0  # seconds after a signal in which requests are still taken
    grace: int = 20  # seconds that requests and invocations then get to finish
    restart_least: float = 1.0  # seconds before a crashed loop starts again; doubles up to restart_most
    restart_most: float = 30.0


def read_host_json(path: Path, *, only: Part | None = None) -> HostOptions:
    """The options of a host.json; what it does not say keeps its default. Errors: `HostError`."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        timeout = document.get("functionTimeout", "00:30:00")
        queues = document.get("extensions", {}).get("queues", {})
        longest = _seconds(queues.get("visibilityTimeout", "00:01:00"))
        return HostOptions(
            only=only,
            queues=QueueOptions(
                batch_size=int(queues.get("batchSize", QueueOptions.batch_size)),
                max_dequeue_count=int(queues.get("maxDequeueCount", QueueOptions.max_dequeue_count)),
                # There it is the one pause between attempts; here pauses grow, and it is the longest.
                retry_delays=tuple(min(delay, longest) for delay in QueueOptions.retry_delays),
            ),
            function_timeout=None if timeout == "-1" else _seconds(timeout),
        )
    except (ValueError, AttributeError) as error:
        raise HostError(f"{path} cannot be read: {error}") from error


def _seconds(span: str) -> float:
    """Of `hh:mm:ss`."""
    hours, minutes, seconds = (float(part) for part in span.split(":"))
    return hours * 3600 + minutes * 60 + seconds
