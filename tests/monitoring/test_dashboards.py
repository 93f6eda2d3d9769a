"""Dashboards: they are what their sources say, tell what they show, and belong to no one Grafana."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.monitoring.dashboards import written
from tests.monitoring.promql import read
from tests.monitoring.queries import alerts, chosen, dashboards, panels_of

_PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS = 24
# Looked up in the stores: the same whichever pod is asked.
_THE_SAME_EVERYWHERE = (
    "rag_documents",
    "rag_index_",
    "rag_ingest_backlog",
    "rag_ingest_finished",
    "rag_ingest_expected",
    "rag_queue_",
    "rag_user_spent",
)


def faults_of(dashboard: dict[str, Any]) -> Iterator[str]:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    if not {"datasource", "namespace", "pod", "runbooks"} <= variables.keys():
        yield "a variable is missing"
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    known = {alert["alert"].lower() for alert in alerts()}
    for panel in panels_of(dashboard):
        title = panel["title"]
        if not panel["description"].strip() or not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{title}: no description or unit"
        if any(each["datasource"] != _PROMETHEUS for each in (panel, *panel["targets"])):
            yield f"{title}: a datasource of its own"
        for link in panel.get("links", ()):
            if link["url"].removeprefix("${runbooks}#") not in known:
                yield f"{title}: {link['url']} leads to no runbook"
        for target in panel["targets"]:
            yield from (f"{title}: {why}" for why in _misread(target["expr"]))
    yield from _overlaps(panels_of(dashboard))


def _misread(text: str) -> Iterator[str]:
    expression = read(chosen(text))
    for metric in sorted(expression.metrics):
        if metric.startswith(_THE_SAME_EVERYWHERE) and ("sum" in text or "$pod" in text):
            yield f"{metric} is the same in all pods"
        if metric.endswith("_bucket") and "histogram_quantile(" in text and "le" not in expression.labels:
            yield f"{metric} is not put together by le"
        if metric.endswith("_total") and metric not in expression.rated:
            yield f"{metric} is a counter and is not rated"
    if any(f"[{window}]" in text for window in ("1m", "5m", "10m")):
        yield "a window of its own"


def _overlaps(panels: list[dict[str, Any]]) -> Iterator[str]:
    cells: dict[tuple[int, int], str] = {}
    for panel in panels:
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > _COLUMNS:
            yield f"{panel['title']} is too wide"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                if cells.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield f"{panel['title']} lies over {cells[x, y]}"
                    return


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_dashboard_says_what_it_shows_and_names_no_installation(name: str) -> None:
    assert list(faults_of(dashboards()[name])) == []


def test_dashboards_are_as_their_sources_say() -> None:
    for file, text in written().items():
        assert file.read_text() == text, "python -m infra.monitoring.dashboards"


def test_dashboards_have_names_of_their_own() -> None:
    uids = [dashboard["uid"] for dashboard in dashboards().values()]
    assert len(uids) == len(set(uids)) == 4


def _planted(**changes: Any) -> dict[str, Any]:
    dashboard = copy.deepcopy(dashboards()["ingestion"])
    panels_of(dashboard)[1].update(changes)
    return dashboard


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"description": " "}, "no description or unit"),
        ({"fieldConfig": {"defaults": {}}}, "no description or unit"),
        ({"datasource": {"type": "prometheus", "uid": "abc"}}, "a datasource of its own"),
        ({"links": [{"url": "${runbooks}#ragdwn"}]}, "${runbooks}#ragdwn leads to no runbook"),
        ({"gridPos": {"x": 20, "y": 1, "w": 8, "h": 4}}, "is too wide"),
        ({"gridPos": {"x": 0, "y": 1, "w": 8, "h": 4}}, "lies over"),
        ({"id": 1}, "two panels have one id"),
        *(
            ({"targets": [{"datasource": _PROMETHEUS, "expr": text}]}, why)
            for text, why in (
                ("sum(rag_documents)", "rag_documents is the same in all pods"),
                ("rag_shed_total", "rag_shed_total is a counter and is not rated"),
                ("rate(rag_shed_total[5m])", "a window of its own"),
                (
                    "histogram_quantile(0.5, sum by (stage) (rate(rag_query_stage_seconds_bucket[1h])))",
                    "rag_query_stage_seconds_bucket is not put together by le",
                ),
            )
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:40],
)
def test_planted_faults_of_a_panel_are_found(changes: dict[str, Any], why: str) -> None:
    assert any(why in found for found in faults_of(_planted(**changes)))
