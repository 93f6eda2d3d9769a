"""The request that something happens for. Set by the edge; told by the audit trail, logs and metrics."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Empty outside of a request."""

    request_id: str = ""
    address: str = ""  # of the client
    arrived_at: float | None = None  # of time.perf_counter()


# Set by the edge for each request, so that nothing between it and what is told has to hand it on.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 (it is frozen)
