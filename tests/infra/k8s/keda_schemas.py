"""KEDA's own definitions, made strict: what they do not name is a fault. Used by test_keda.py.

The cluster would drop an unknown field in silence, or refuse it when it is too late.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from tests.infra.k8s.rendered import REPOSITORY, Object, Objects

_BESIDE = REPOSITORY.parent / "shared/specs/keda"
DEFINITIONS = Path(os.environ.get("KEDA_DEFINITIONS", _BESIDE))
_KINDS = {"ScaledObject": "scaledobjects", "TriggerAuthentication": "triggerauthentications"}


def faults(objects: Objects) -> Iterator[str]:
    for each in objects:
        if each["apiVersion"].startswith("keda.sh/"):
            name = f"{each['kind']} {each['metadata']['name']}"
            validator = jsonschema_rs.validator_for(_schema_of(each["kind"]))
            yield from (
                f"{name}: {error.message} at {error.instance_path}" for error in validator.iter_errors(each)
            )
            for trigger in each["spec"].get("triggers", ()):
                yield from (f"{name}: {fault}" for fault in _faults_of_trigger(trigger))


def _schema_of(kind: str) -> Object:
    definition = yaml.safe_load(_text(f"keda.sh_{_KINDS[kind]}.yaml"))
    schema: Object = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return _strict(schema)


def _text(name: str) -> str:
    return next(DEFINITIONS.rglob(name)).read_text()


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    return made


def _faults_of_trigger(trigger: Object) -> Iterator[str]:
    scalers = json.loads(_text("scalers-schema.json"))["scalers"]
    found = next((scaler for scaler in scalers if scaler["type"] == trigger["type"]), None)
    if found is None:
        yield f"there is no scaler {trigger['type']}"
        return
    known = {parameter["name"]: parameter for parameter in found["parameters"]}
    for name, value in trigger["metadata"].items():
        if name not in known:
            yield f"{trigger['type']} has no parameter {name}"
        elif value not in known[name].get("allowedValue", [value]):
            yield f"{trigger['type']}: {name} is {value}"
    for name, parameter in known.items():
        if not (parameter.get("optional") or "default" in parameter or name in trigger["metadata"]):
            yield f"{trigger['type']} needs {name}"
