"""What `kubectl kustomize` makes of infra/k8s, and ways to look at it. Used by all tests here."""

import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

REPOSITORY = Path(__file__).parents[3]
K8S = REPOSITORY / "infra/k8s"
OVERLAYS = tuple(sorted(path.name for path in (K8S / "overlays").iterdir() if path.is_dir()))
LOCAL, FUNCTIONS, PLAIN, PRODUCTION = "local", "aks-functions", "plain", "aks-prod"
_INSTALLED = REPOSITORY / ".cache/servers/kubectl/kubectl"

Object: TypeAlias = dict[str, Any]
Objects: TypeAlias = list[Object]
Promise: TypeAlias = Callable[[Objects, str], Iterator[str]]  # what is broken, a line each


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A Deployment or CronJob with the pod that it makes."""

    name: str
    kind: str
    spec: Object
    labels: dict[str, str]  # of the pod
    pod: Object
    container: Object


def kubectl() -> str:
    found = os.fspath(_INSTALLED) if _INSTALLED.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl here: make infra-tools")
    return found


@functools.cache
def kustomize(folder: Path) -> str:
    done = subprocess.run(
        [kubectl(), "kustomize", folder], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(overlay: str) -> Objects:
    """Objects of one's own, that may be changed."""
    return objects_of(K8S / "overlays" / overlay)


def objects_of(folder: Path) -> Objects:
    return list(yaml.load_all(kustomize(folder), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def of_kind(objects: Objects, *kinds: str) -> Objects:
    return [each for each in objects if each["kind"] in kinds]


def one(objects: Objects, kind: str, name: str) -> Object:
    """The one that is called so; a hash behind the name does not count."""
    found = [
        each
        for each in of_kind(objects, kind)
        if each["metadata"]["name"] == name or _without_hash(each) == name
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def _without_hash(each: Object) -> str:
    name: str = each["metadata"]["name"]
    return name.rpartition("-")[0] if each["kind"] in ("ConfigMap", "Secret") else name


def workloads(objects: Objects) -> list[Workload]:
    found = []
    for each in of_kind(objects, "Deployment", "CronJob"):
        spec = each["spec"]
        template = (spec if each["kind"] == "Deployment" else spec["jobTemplate"]["spec"])["template"]
        (container,) = template["spec"]["containers"]
        found.append(
            Workload(
                name=each["metadata"]["name"],
                kind=each["kind"],
                spec=spec,
                labels=template["metadata"]["labels"],
                pod=template["spec"],
                container=container,
            )
        )
    return found


def settings_of(objects: Objects) -> dict[str, str]:
    """The entries of rag-config."""
    entries: dict[str, str] = one(objects, "ConfigMap", "rag-config")["data"]
    return entries


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    wanted = selector.get("matchLabels", {})
    within = selector.get("matchExpressions", ())
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(each["key"]) in each["values"] for each in within
    )
