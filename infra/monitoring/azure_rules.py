"""The same rules for Azure's Managed Prometheus: azure-rules.json, written from rules/*.yml.

`python -m infra.monitoring.azure_rules` writes it; a test fails while it differs from what is stored. Bicep
reads it by `loadJsonContent` and makes a `Microsoft.AlertsManagement/prometheusRuleGroups` of each entry.
Whom alerts tell (`actions`) and which workspace they look at (`scopes`) is a deployment's own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parent / "rules"
FILE = Path(__file__).parent / "azure-rules.json"

_SEVERITIES = {"page": 1, "ticket": 3}  # Azure's go from 0 (critical) to 4 (verbose)


def written() -> str:
    groups = [
        {"name": group["name"], "interval": "PT1M", "rules": [azure_rule(rule) for rule in group["rules"]]}
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    ]
    return json.dumps(groups, indent=1) + "\n"


def azure_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    if "record" in rule:
        return {"record": rule["record"], "expression": rule["expr"], "enabled": True}
    return {
        "alert": rule["alert"],
        "expression": rule["expr"],
        **({"for": duration(rule["for"])} if "for" in rule else {}),
        "severity": _SEVERITIES[rule["labels"]["severity"]],
        "labels": rule["labels"],
        "annotations": rule["annotations"],
        "resolveConfiguration": {"autoResolved": True, "timeToResolve": "PT10M"},
        "enabled": True,
    }


def duration(text: str) -> str:
    """`15m` as ISO 8601 writes it. Errors: `KeyError` for other units than minutes and hours."""
    return {"m": "PT{}M", "h": "PT{}H"}[text[-1]].format(int(text[:-1]))


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
