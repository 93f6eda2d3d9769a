"""How promises about a deployment are written down, and what they ask it with.

A promise is a function of `Made` that asserts. test_promises.py holds each against infra/bicep, and
test_planted_faults.py shows that each is broken by a fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from tests.infra.bicep.deployment import Deployment, deployed, sources

Promise: TypeAlias = Callable[["Made"], None]
PROMISES: dict[str, Promise] = {}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What both parameter files would make of these texts."""

    texts: Mapping[Path, str]

    @cached_property
    def dev(self) -> Deployment:
        return deployed("dev", self.texts)

    @cached_property
    def prod(self) -> Deployment:
        return deployed("prod", self.texts)

    def changed(self, **changes: tuple[str, str]) -> "Made":
        """`main=("old", "new")` changes a file before; dashes of its name are underscores."""
        texts = dict(self.texts)
        for stem, (old, new) in changes.items():
            path = next(each for each in texts if each.name in _names(stem))
            assert old in texts[path], f"{path.name} has no {old!r}"
            texts[path] = texts[path].replace(old, new)
        return Made(texts=texts)

    @property
    def both(self) -> tuple[Deployment, Deployment]:
        return self.dev, self.prod


def made(**changed: tuple[str, str]) -> Made:
    return Made(texts=sources()).changed(**changed)


def _names(stem: str) -> tuple[str, str]:
    return f"{stem.replace('_', '-')}.bicep", f"{stem}.bicepparam"


def promise(function: Promise) -> Promise:
    PROMISES[function.__name__] = function
    return function


def settings_of(deployment: Deployment) -> dict[str, Any]:
    """The Function App's."""
    settings = deployment.one("Microsoft.Web/sites").properties["siteConfig"]["appSettings"]
    return {each["name"]: each["value"] for each in settings}


def at(value: Any, path: str) -> Any:
    """What lies at a path with dots; None if nothing does."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
