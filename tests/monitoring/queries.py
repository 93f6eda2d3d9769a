"""Every PromQL expression of infra/monitoring, with where it stands. Used by the tests beside it."""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from tests.servers.prometheus import MONITORING

RUNBOOKS = MONITORING.parents[1] / "docs/runbooks.md"

# What Grafana puts in, as it does with everything chosen; ranges that a test's minute has data for.
_PUT_IN = {
    "$__rate_interval": "1m",
    "$__range": "1m",
    "$namespace": ".*",
    "$pod": ".*",
}


@dataclass(frozen=True, kw_only=True)
class Query:
    where: str
    text: str
    legend: str = ""


def dashboards() -> dict[str, dict[str, Any]]:
    files = sorted((MONITORING / "grafana/dashboards").glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}


def rules() -> list[dict[str, Any]]:
    files = sorted((MONITORING / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def of_dashboards() -> list[Query]:
    return [
        Query(
            where=f"{name}: {panel['title']}",
            text=chosen(target["expr"]),
            legend=target["legendFormat"],
        )
        for name, dashboard in dashboards().items()
        for panel in panels_of(dashboard)
        for target in panel["targets"]
    ]


def of_rules() -> list[Query]:
    return [Query(where=rule.get("alert") or rule["record"], text=rule["expr"]) for rule in rules()]


def of_runbooks() -> list[Query]:
    found = re.findall(r"`((?:sum|max)\b[^`]*)`", RUNBOOKS.read_text())
    return [Query(where=f"runbooks: {text}", text=text) for text in found]


def chosen(expression: str) -> str:
    for name, value in _PUT_IN.items():
        expression = expression.replace(name, value)
    return expression
