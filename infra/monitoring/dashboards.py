"""Grafana's dashboards, grafana/dashboards/*.json, written from grafana/*.yml, a tenth as long.

`python -m infra.monitoring.dashboards` writes them; a test fails while they differ from what is stored.
In queries `$at` stands for the pods chosen above the dashboard. `$in` stands for their namespace alone:
for what is measured at the stores, which is the same whichever pod is asked, and for what rules record.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

GRAFANA = Path(__file__).parent / "grafana"

_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_IN = 'namespace=~"$namespace"'
_AT = f'{_IN},pod=~"$pod"'
_COLUMNS, _HEIGHT, _STAT_HEIGHT = 24, 8, 4


def written() -> dict[Path, str]:
    """Each dashboard's file, and what it is to hold."""
    return {
        GRAFANA / "dashboards" / f"{source.stem}.json": json.dumps(
            dashboard(yaml.safe_load(source.read_text(encoding="utf-8"))), indent=1
        )
        + "\n"
        for source in sorted(GRAFANA.glob("*.yml"))
    }


def dashboard(source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["about"],
        "tags": ["rag-functions"],
        "schemaVersion": 39,  # Grafana 11; newer ones bring it up to theirs
        "editable": True,
        "graphTooltip": 1,  # one crosshair over all panels
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "links": [
            {
                "title": "Other dashboards",
                "tooltip": "",
                "type": "dashboards",
                "icon": "external link",
                "targetBlank": False,
                "tags": ["rag-functions"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": list(_variables())},
        "panels": list(_panels(source["rows"])),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    for name, label, query in (
        ("namespace", "Namespace", "label_values(rag_build_info, namespace)"),
        ("pod", "Pod", f"label_values(rag_build_info{{{_IN}}}, pod)"),
    ):
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": _DATASOURCE,
            "query": {"query": query, "refId": name},
            "refresh": 2,  # whenever the time range changes: pods come and go
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        }
    yield {
        "name": "runbooks",
        "label": "Runbooks at",
        "type": "textbox",
        "query": "https://example.com/docs/runbooks.md",
        "hide": 0,
    }


def _panels(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    number, y = 1, 0
    for row in rows:
        yield {
            "id": number,
            "type": "row",
            "title": row["title"],
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1},
        }
        number, y, x, lowest = number + 1, y + 1, 0, 0
        for source in row["panels"]:
            width = source.get("width", _COLUMNS // 3)
            height = _STAT_HEIGHT if source.get("as") == "stat" else _HEIGHT
            if x + width > _COLUMNS:
                x, y, lowest = 0, y + lowest, 0
            yield _panel(source, number) | {"gridPos": {"x": x, "y": y, "w": width, "h": height}}
            number, x, lowest = number + 1, x + width, max(lowest, height)
        y += lowest


def _panel(source: Mapping[str, Any], number: int) -> dict[str, Any]:
    kind = source.get("as", "timeseries")
    panel = {
        "id": number,
        "type": kind,
        "title": source["title"],
        "description": source["about"],
        "datasource": _DATASOURCE,
        "targets": [
            _target(letter, query, legend)
            for letter, (query, legend) in zip("ABCDEF", source["queries"], strict=False)
        ],
        "fieldConfig": {"defaults": _defaults(source, kind), "overrides": []},
        "options": _OPTIONS[kind],
    }
    if "runbook" in source:
        link = f"${{runbooks}}#{source['runbook'].lower()}"
        panel["links"] = [{"title": f"Runbook: {source['runbook']}", "url": link, "targetBlank": True}]
    return panel


def _target(letter: str, query: str, legend: str) -> dict[str, Any]:
    expression = query.replace("$at", _AT).replace("$in", _IN)
    return {
        "refId": letter,
        "datasource": _DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "range": True,
    }


def _defaults(source: Mapping[str, Any], kind: str) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": source["unit"], "min": 0}
    if "max" in source:
        defaults["max"] = source["max"]
    if "steps" in source:
        steps = [{"color": color, "value": value} for color, value in source["steps"]]
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    if kind == "timeseries":
        is_stacked = source.get("stack", False)
        defaults["custom"] = {
            "fillOpacity": 30 if is_stacked else 5,
            "stacking": {"mode": "normal" if is_stacked else "none"},
            "showPoints": "never",
        }
    return defaults


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "value",
    },
}


if __name__ == "__main__":
    for file, text in written().items():
        file.write_text(text, encoding="utf-8")
