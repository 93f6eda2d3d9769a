"""Which metrics there are, with which labels, and what a query may therefore name.

Told by a Prometheus that has asked a host, and by what shared/telemetry declares: for metrics of events that
are dear to bring about.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.telemetry.metrics import Metrics
from tests.monitoring.promql import Selector, read
from tests.monitoring.queries import Query

OF_TARGET = frozenset({"job", "instance", "namespace", "pod"})
OF_HISTOGRAM = ("_bucket", "_count", "_sum")

# Told by kube-state-metrics.
FROM_ELSEWHERE = {
    "kube_pod_container_resource_limits": {"namespace", "pod", "container", "resource"},
    "kube_cronjob_status_last_successful_time": {"namespace", "cronjob"},
}

# Values of labels that no test's minute brings about.
_RARE = {
    ("status", "5xx"),
    ("outcome", "error"),
    ("outcome", "rejected"),
    ("outcome", "failed"),
    ("kind", "saved"),
    ("degraded", "text_search"),
    ("resource", "memory"),
    ("cronjob", "rag-reconcile"),
}


@dataclass
class Catalogue:
    labels: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    values: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # metric, label

    def add(self, series: Iterable[dict[str, str]]) -> None:
        for each in series:
            metric = each["__name__"]
            self.labels[metric] |= each.keys() - {"__name__"}
            for label, value in each.items():
                self.values[metric, label].add(value)


def declared() -> Catalogue:
    """What the product declares, without values."""
    found = Catalogue()
    for name, collector in Metrics().registry._names_to_collectors.items():
        own = set(getattr(collector, "_labelnames", ()))
        found.labels[name] = own | OF_TARGET | ({"le"} if name.endswith("_bucket") else set())
    return found


def faults(query: Query, seen: Catalogue, all_metrics: Catalogue) -> Iterator[str]:
    """What it names and there is not. `seen` is a part of `all_metrics`."""
    expression = read(query.text)
    known = set[str]()
    for selector in expression.selectors:
        labels = _labels(selector.metric, all_metrics)
        if labels is None:
            yield f"{query.where}: there is no metric {selector.metric}"
            continue
        known |= labels
        yield from (f"{query.where}: {why}" for why in _matched(selector, labels, seen))
    used = expression.labels | set(re.findall(r"\{\{\s*(\w+)\s*\}\}", query.legend))
    yield from (f"{query.where}: nothing has the label {label}" for label in sorted(used - known))
    for metric in sorted(expression.rated):
        if not metric.endswith(("_total", *OF_HISTOGRAM)):
            yield f"{query.where}: {metric} is a gauge and has no rate"


def _labels(metric: str, catalogue: Catalogue) -> set[str] | None:
    return FROM_ELSEWHERE.get(metric) or catalogue.labels.get(metric)


def _matched(selector: Selector, labels: set[str], seen: Catalogue) -> Iterator[str]:
    for matcher in selector.matchers:
        if matcher.label not in labels:
            yield f"{selector.metric} has no label {matcher.label}"
            continue
        there_are = seen.values[selector.metric, matcher.label]
        for value in matcher.values():
            if value not in there_are and (matcher.label, value) not in _RARE:
                yield f"{selector.metric} has no {matcher.label} {value}"
