"""What a deployment would make: `deployed(environment)` works out main.bicep with one parameter file.

What only Azure knows is a `Ref`, whose text says where it comes from, such as `Microsoft.Search/
searchServices:rag-x.id`. Called by the promises' tests alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.bicep import tree
from tests.infra.bicep.evaluation import SECRET, Evaluator, Ref, Unknown
from tests.infra.bicep.source import BicepFile, read_text
from tests.infra.bicep.tree import Module, Resource

BICEP = Path(__file__).parents[3] / "infra/bicep"
ENTRIES = {"MONGODB_PASSWORD": SECRET, "OPERATORS_GROUP_ID": "operators", "BUDGET_START": "2026-11-01"}


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A resource with every property worked out."""

    module: str
    symbol: str
    type: str
    name: str  # in full, with those of its parents
    body: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.type}:{self.name}.id"

    @property
    def properties(self) -> dict[str, Any]:
        return dict(self.body.get("properties", {}))

    @property
    def scope(self) -> str:
        return str(self.body.get("scope", ""))


@dataclass(kw_only=True)
class Deployment:
    resources: list[Placed] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[Placed]:
        return [each for each in self.resources if each.type.lower() == kind.lower()]

    def one(self, kind: str) -> Placed:
        (found,) = self.of(kind)
        return found


Sources = Mapping[Path, str]


@cache
def sources() -> Mapping[Path, str]:
    return {path: path.read_text() for path in sorted(BICEP.rglob("*.bicep*"))}


def deployed(environment: str, texts: Sources | None = None, **entries: str) -> Deployment:
    """`texts`: other files than those of infra/bicep; `entries`: of the environment of who deploys."""
    files = {path: _read(path, text) for path, text in (texts or sources()).items()}
    given = files[BICEP / f"{environment}.bicepparam"]
    asked = Evaluator(given, {}, entries={**ENTRIES, **entries})
    params = {each.name: asked.value(each.value) for each in given.assigned}
    result = Deployment()
    result.outputs = _Template(files[BICEP / "main.bicep"], params, files, result, "main").deploy()
    return result


@cache
def _read(path: Path, text: str) -> BicepFile:
    file = read_text(text, path)
    assert not file.errors, f"{path.name}: {file.errors}"
    return file


class _Template:
    """One file with its parameters; modules are deployed when something asks for their outputs."""

    def __init__(
        self,
        file: BicepFile,
        params: dict[str, Any],
        files: Mapping[Path, BicepFile],
        into: Deployment,
        name: str,
    ) -> None:
        self._file, self._files, self._into, self._name = file, files, into, name
        self._modules: dict[str, Any] = {}
        self._evaluator = Evaluator(file, params, symbols=self._symbol)

    def deploy(self) -> dict[str, Any]:
        for module in self._file.modules.values():
            self._deploy_module(module)
        for resource in _resources(self._file):
            if not resource.existing:
                self._into.resources += self._placed(resource)
        return {each.name: self._evaluator.value(each.value) for each in self._file.outputs.values()}

    def _symbol(self, name: str) -> Any:
        if name in self._file.modules:
            outputs = self._deploy_module(self._file.modules[name])
            return {"outputs": outputs} if isinstance(outputs, dict) else Unknown(f"{name}: not deployed")
        resource = next(each for each in _resources(self._file) if each.name == name)
        refs = [Ref(f"{resource.type}:{full}") for full, _ in self._instances(resource)]
        return refs if resource.loop else refs[0]

    def _deploy_module(self, module: Module) -> Any:
        if module.name not in self._modules:
            self._modules[module.name] = None
            path = (self._file.path.parent / module.path).resolve()
            for inside, body in self._each(module):
                params = inside.value(module.params if module.loop is None else body.get("params"))
                template = _Template(self._files[path], params, self._files, self._into, path.stem)
                self._modules[module.name] = template.deploy()
        return self._modules[module.name]

    def _placed(self, resource: Resource) -> Iterator[Placed]:
        for (full, inside), (_, body) in zip(self._instances(resource), self._each(resource), strict=False):
            yield Placed(
                module=self._name,
                symbol=resource.name,
                type=resource.type,
                name=full,
                body=inside.value(
                    replace(body, entries=tuple(e for e in body.entries if e.name != "dependsOn"))
                ),
            )

    def _instances(self, resource: Resource) -> list[tuple[str, Evaluator]]:
        """Full names, each with an evaluator that knows the loop's variables."""
        parent = f"{str(self._symbol(resource.parent)).partition(':')[2]}/" if resource.parent else ""
        found = [
            (f"{parent}{inside.value(body.get('name'))}", inside)
            for inside, body in self._each(resource, always=resource.loop is None)
        ]
        return found if resource.loop or self._wanted(resource) else [(found[0][0], found[0][1])]

    def _wanted(self, deployed: Resource | Module) -> bool:
        return deployed.condition is None or bool(self._evaluator.value(deployed.condition))

    def _each(
        self, deployed: Resource | Module, *, always: bool = False
    ) -> list[tuple[Evaluator, tree.Object]]:
        if deployed.loop is None:
            return [(self._evaluator, deployed.body)] if always or self._wanted(deployed) else []
        loop = deployed.loop
        return [
            (inside, deployed.body)
            for inside in self._evaluator.looped(loop.variables, loop.over)
            if deployed.condition is None or inside.value(deployed.condition)
        ]


def _resources(file: BicepFile) -> list[Resource]:
    """Nested ones may share a symbol, so that a dictionary would lose some."""
    return [each for each in file.declarations if isinstance(each, Resource)]
