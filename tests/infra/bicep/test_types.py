"""infra/bicep is right as far as can be known before it is deployed; what is not checked is named."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.bicep import tree
from tests.infra.bicep.azure_types import TypeIndex
from tests.infra.bicep.naming import RULES, check_names
from tests.infra.bicep.project import check_project, check_without_types
from tests.infra.bicep.resources import check_resources
from tests.infra.bicep.source import BicepFile, read_bicep, read_text

FOLDER = Path(__file__).parents[3] / "infra" / "bicep"
FILES = read_bicep(FOLDER)

# Types that are not in every copy of Azure's types: what is written about these here, nobody has checked.
UNCHECKED = {
    "Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01",
    "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-07-01",
    "Microsoft.Cache/redisEnterprise/databases@2025-07-01",
    "Microsoft.Cache/redisEnterprise@2025-07-01",
    "Microsoft.Consumption/budgets@2023-11-01",
    "Microsoft.Dashboard/grafana@2024-10-01",
    "Microsoft.Insights/actionGroups@2023-01-01",
    "Microsoft.Insights/dataCollectionEndpoints@2023-03-11",
    "Microsoft.Insights/dataCollectionRuleAssociations@2023-03-11",
    "Microsoft.Insights/dataCollectionRules@2023-03-11",
    "Microsoft.Insights/metricAlerts@2018-03-01",
    "Microsoft.Monitor/accounts@2023-04-03",
    "Microsoft.Network/natGateways@2024-05-01",
    "Microsoft.Network/networkSecurityGroups@2024-05-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01",
    "Microsoft.Network/privateDnsZones@2024-06-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01",
    "Microsoft.Network/privateEndpoints@2024-05-01",
    "Microsoft.Network/publicIPAddresses@2024-05-01",
    "Microsoft.Network/virtualNetworks/subnets@2024-05-01",
    "Microsoft.Network/virtualNetworks@2024-05-01",
}
# Types that no page has a rule for, or whose names are given by the type itself.
UNRULED = {
    "Microsoft.AlertsManagement/prometheusRuleGroups",
    "Microsoft.Cache/redisEnterprise/databases",
    "Microsoft.DocumentDB/mongoClusters/firewallRules",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.Insights/dataCollectionRuleAssociations",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
}
# Resources whose names only Azure knows: a zone named after a suffix of the cloud's.
UNSPELLED = {"private-endpoint.bicep: zone"}


def test_nothing_in_the_files_is_wrong(types: TypeIndex) -> None:
    assert [str(each) for each in check_project(FILES, types).faults] == []


def test_nothing_in_the_files_is_wrong_as_far_as_they_say_themselves() -> None:
    assert [str(each) for each in check_without_types(FILES)] == []


def test_only_resources_that_are_known_to_be_unchecked_are_unchecked(types: TypeIndex) -> None:
    """A fuller copy of Azure's types may know more of them; then those are checked like all others."""
    used = {f"{each.type}@{each.version}" for file in FILES for each in file.resources.values()}
    assert used >= UNCHECKED, "a type that is not used any more needs no exception"
    here = {each for each in UNCHECKED if types.find(*each.split("@")) is None}
    assert check_project(FILES, types).unchecked == here


def test_every_name_is_within_azures_rules() -> None:
    named = check_names(FILES)
    assert [str(each) for each in named.faults] == []
    assert named.unknown == UNSPELLED
    assert set(named.names) - set(RULES) == UNRULED


def slips(kind: str, file: BicepFile, types: TypeIndex) -> Iterator[tuple[str, BicepFile]]:
    """The file with one slip after the other, in every property of resources whose types are known."""
    for resource in file.resources.values():
        if resource.existing or types.find(resource.type, resource.version) is None:
            continue
        for entry in dict.fromkeys(each for each in tree.walk(resource.body) if isinstance(each, tree.Entry)):
            slip = _slip(kind, entry)
            if slip is not None:
                lines = file.text.split("\n")
                there = lines[entry.line - 1]
                lines[entry.line - 1] = there.replace(*slip, 1)
                if lines[entry.line - 1] != there:
                    yield (
                        f"{file.path.name}:{entry.line}: {there.strip()}",
                        read_text("\n".join(lines), file.path),
                    )


def _slip(kind: str, entry: tree.Entry) -> tuple[str, str] | None:
    """What to put in the place of what, in the property's line."""
    value = entry.value.value if isinstance(entry.value, tree.Literal) else None
    if kind == "name" and entry.name is not None:
        return f"{entry.name}:", f"{entry.name}x:"
    if kind == "bool" and isinstance(value, bool):
        return f": {str(value).lower()}", f": '{str(value).lower()}'"
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return f": {value}", f": '{value}'"
    return (f": '{value}'", ": 3") if kind == "string" and isinstance(value, str) else None


@pytest.mark.parametrize(("kind", "least"), [("name", 500), ("bool", 50), ("int", 15), ("string", 100)])
def test_nearly_every_slip_in_the_files_is_found(kind: str, least: int, types: TypeIndex) -> None:
    """Free are only the few objects whose properties Azure's types do not name."""
    tried, missed = 0, []
    for file in FILES:
        for where, changed in slips(kind, file, types):
            tried += 1
            if not changed.errors and not check_resources((changed,), types).faults:
                missed.append(where)
    assert tried >= least
    assert len(missed) <= tried // 10, missed


def test_the_linters_levels_are_ones_that_it_knows() -> None:
    """It has the last word where the compiler is; what fails a build there is what is checked here too."""
    rules = json.loads((FOLDER / "bicepconfig.json").read_text())["analyzers"]["core"]["rules"]
    assert {each["level"] for each in rules.values()} <= {"error", "warning", "off"}
    ours = {"no-unused-params", "no-unused-vars", "no-unused-existing-resources", "secure-parameter-default"}
    assert {rules[each]["level"] for each in ours} == {"error"}
