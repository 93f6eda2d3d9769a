"""Azure's rules for resource names: `check_names(files)`, with every name spelled out as it is deployed.

The rules are those of
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
and, where that page has none ("service" below), those of the service's own pages. Names are spelled with what
each parameter file says, down through the modules.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.infra.bicep import tree
from tests.infra.bicep.faults import Fault
from tests.infra.bicep.inference import items_of, known
from tests.infra.bicep.scope import Known, Scope
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.tree import Literal, Resource, Value


@dataclass(frozen=True)
class Rule:
    shortest: int
    longest: int
    pattern: str  # of the whole name

    def broken_by(self, name: str) -> str | None:
        if not self.shortest <= len(name) <= self.longest:
            return f"'{name}' has {len(name)} characters, not {self.shortest} to {self.longest}"
        return None if re.fullmatch(self.pattern, name) else f"'{name}' is not like {self.pattern}"


LOWER_HYPHENS = r"[a-z0-9](-?[a-z0-9])*"  # no two hyphens together, none at an end
HYPHENS = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
NETWORK = r"[A-Za-z0-9]([\w.-]*\w)?"
IDENTITY = r"[A-Za-z0-9][\w-]*"
RULES = {
    "Microsoft.Authorization/roleAssignments": Rule(36, 36, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "Microsoft.Cache/redisEnterprise": Rule(1, 60, r"[A-Za-z0-9](-?[A-Za-z0-9])*"),  # service
    "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments": Rule(
        1, 60, r"[A-Za-z0-9]+"
    ),  # service
    "Microsoft.Consumption/budgets": Rule(1, 63, r"[\w-]+"),  # service
    "Microsoft.CognitiveServices/accounts": Rule(2, 64, HYPHENS),
    "Microsoft.CognitiveServices/accounts/deployments": Rule(
        2, 64, r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?"
    ),  # service
    "Microsoft.ContainerRegistry/registries": Rule(5, 50, r"[A-Za-z0-9]+"),
    "Microsoft.ContainerService/managedClusters": Rule(1, 63, r"[A-Za-z0-9]([\w-]*[A-Za-z0-9])?"),
    "Microsoft.Dashboard/grafana": Rule(2, 23, r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?"),  # service
    "Microsoft.DocumentDB/mongoClusters": Rule(3, 40, LOWER_HYPHENS),  # service
    "Microsoft.EventGrid/systemTopics": Rule(3, 128, r"[A-Za-z0-9-]+"),  # service
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": Rule(3, 64, r"[A-Za-z0-9-]+"),
    "Microsoft.Insights/actionGroups": Rule(1, 260, r"[^:<>+/&%\\?|]*[^:<>+/&%\\?| .]"),
    "Microsoft.Insights/components": Rule(1, 260, r"[^%&\\?/]*[^%&\\?/ .]"),
    "Microsoft.Insights/diagnosticSettings": Rule(1, 260, r"[^*<>%&:\\?+/#]*[^*<>%&:\\?+/# .]"),
    "Microsoft.Insights/metricAlerts": Rule(1, 260, r"[^*#&+:<>?@%{}\\/]*[^*#&+:<>?@%{}\\/ .]"),
    "Microsoft.Insights/scheduledQueryRules": Rule(1, 260, r"[^*<>%{}&:\\?/#]*[^*<>%{}&:\\?/# .]"),
    "Microsoft.KeyVault/vaults": Rule(3, 24, r"[A-Za-z](-?[A-Za-z0-9])*"),
    "Microsoft.KeyVault/vaults/secrets": Rule(1, 127, r"[A-Za-z0-9-]+"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": Rule(3, 128, IDENTITY),
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": Rule(3, 120, IDENTITY),
    "Microsoft.Monitor/accounts": Rule(4, 63, HYPHENS),  # service
    "Microsoft.Network/natGateways": Rule(1, 80, NETWORK),
    "Microsoft.Network/networkSecurityGroups": Rule(1, 80, NETWORK),
    "Microsoft.Network/privateDnsZones": Rule(1, 63, r"[\w-]+(\.[\w-]+){1,33}"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": Rule(1, 80, NETWORK),
    "Microsoft.Network/privateEndpoints": Rule(2, 64, NETWORK),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": Rule(1, 80, NETWORK),
    "Microsoft.Network/publicIPAddresses": Rule(1, 80, NETWORK),
    "Microsoft.Network/virtualNetworks": Rule(2, 64, NETWORK),
    "Microsoft.Network/virtualNetworks/subnets": Rule(1, 80, NETWORK),
    "Microsoft.OperationalInsights/workspaces": Rule(4, 63, HYPHENS),
    "Microsoft.Search/searchServices": Rule(2, 60, r"[a-z0-9]{2}(-?[a-z0-9])*"),  # service
    "Microsoft.Storage/storageAccounts": Rule(3, 24, r"[a-z0-9]+"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": Rule(3, 63, LOWER_HYPHENS),
    "Microsoft.Storage/storageAccounts/queueServices/queues": Rule(3, 63, LOWER_HYPHENS),
    "Microsoft.Web/serverfarms": Rule(1, 60, r"[A-Za-z0-9-]+"),
    "Microsoft.Web/sites": Rule(2, 60, HYPHENS),
    "Microsoft.Web/staticSites": Rule(2, 40, HYPHENS),  # service
}
_RULES = {kind.lower(): rule for kind, rule in RULES.items()}


@dataclass(frozen=True, kw_only=True)
class Named:
    faults: tuple[Fault, ...]
    names: Mapping[str, set[str]]  # by type, as they are spelled in the deployments together
    unknown: frozenset[str]  # resources whose names say nothing before they are deployed


def check_names(files: tuple[BicepFile, ...]) -> Named:
    faults: set[Fault] = set()
    names: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for scope in _deployments(files):
        made = [each for each in scope.file.resources.values() if not each.existing]
        for resource in made:
            for name in _names_of(resource, scope):
                if name is None:
                    unknown.add(f"{scope.file.path.name}: {resource.symbol}")
                    continue
                names.setdefault(resource.type, set()).add(name)
                rule = _RULES.get(resource.type.lower())
                broken = rule.broken_by(name) if rule else None
                if broken:
                    text = f"{resource.symbol}: {broken}"
                    faults.add(Fault(path=scope.file.path, line=resource.line, kind="name", text=text))
    return Named(faults=tuple(sorted(faults)), names=names, unknown=frozenset(unknown))


def _deployments(files: tuple[BicepFile, ...]) -> Iterator[Scope]:
    """A scope per parameter file and per module below, with its parameters bound to what is given."""
    by_path = {file.path.resolve(): file for file in files}
    for file in files:
        template = by_path.get((file.path.parent / (file.using or "")).resolve())
        if file.using is not None and template is not None:
            given = {each.name: each.value for each in file.assigned}
            yield from _below(_bound(template, given, Scope(file=file, files=by_path, spelled=True)))


def _bound(file: BicepFile, given: Mapping[str, Value], giver: Scope) -> Scope:
    bound = {name: (Known(value=value, scope=giver),) for name, value in given.items()}
    return Scope(file=file, files=giver.files, bound=bound, spelled=True)


def _below(scope: Scope) -> Iterator[Scope]:
    yield scope
    for module in scope.file.modules.values():
        file = scope.module_file(module)
        if file is not None:
            given = {entry.name: entry.value for entry in module.params.entries if entry.name is not None}
            yield from _below(_bound(file, given, _looped(module, scope)))


def _looped(deployed: tree.Deployed, scope: Scope) -> Scope:
    if deployed.loop is None:
        return scope
    return scope.binding(deployed.loop.variables, tuple(items_of(deployed.loop.over, scope)))


def _names_of(resource: Resource, scope: Scope) -> Iterator[str | None]:
    """Its own name, without its parents'; None where that is not known before it is deployed."""
    name = resource.body.get("name")
    for found in known(name, _looped(resource, scope)) if name is not None else ():
        text = found.value.value if isinstance(found.value, Literal) else None
        yield text.rsplit("/", 1)[-1] if isinstance(text, str) else None
