"""Traces as their spans hang together. Used by the tests beside it."""

from collections.abc import Iterable, Sequence

from tests.stand_ins.otlp_receiver import Span


def trace_with(spans: Iterable[Span], name: str) -> list[Span]:
    """Every span of the one trace that has a span of this name."""
    spans = list(spans)
    (trace_id,) = {each.trace_id for each in spans if each.name == name}
    return [each for each in spans if each.trace_id == trace_id]


def paths(trace: Sequence[Span]) -> list[str]:
    """`parent > child` for every span; fails for one whose parent was not sent."""
    names = {each.span_id: each.name for each in trace}
    roots = [each.name for each in trace if not each.parent_id]
    assert len(roots) == 1, f"one trace, one root: {roots}"
    return [f"{names[each.parent_id]} > {each.name}" for each in trace if each.parent_id]
