"""Faults that must not go unseen: faults.yaml, as changes of rendered objects. Used by test_promises.py."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.infra.k8s.rendered import Objects, one

_SHORT = {
    "BOX": "spec|template|spec|containers|0",
    "POD": "spec|template|spec",
    "JOB": "spec|jobTemplate|spec",
    "BEHAVIOR": "spec|advanced|horizontalPodAutoscalerConfig|behavior",
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    promise: str
    overlay: str
    change: Any  # kind and name, path, value; or an object to `add`

    def __str__(self) -> str:
        return f"{self.promise}: {self.overlay} {self.change}"

    def plant(self, objects: Objects) -> None:
        if isinstance(self.change, dict):
            objects.append(self.change["add"])
            return
        where, path, value = self.change
        kind, name = where.split()
        first, _, rest = path.partition("|")
        *parents, last = [*_SHORT.get(first, first).split("|"), *rest.split("|")] if rest else [first]
        place: Any = one(objects, kind, name)
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if last == "-":
            place.append(value)
        elif value == "gone":
            del place[int(last) if isinstance(place, list) else last]
        else:
            place[int(last) if isinstance(place, list) else last] = value


def _read() -> list[Fault]:
    table = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text())
    return [
        Fault(promise=promise, overlay=overlay, change=change)
        for promise, overlays in table.items()
        for overlay, changes in overlays.items()
        for change in changes
    ]


FAULTS = _read()
