"""What keeps it running and what tells when it does not. See promises.py."""

import re
from pathlib import Path

import yaml

from tests.infra.bicep.deployment import BICEP, Deployment
from tests.infra.bicep.promises import Made, at, promise

RULES = BICEP.parent / "monitoring/rules"
# What has no diagnostic settings, or says by others' what it has to say.
SILENT = {
    "Microsoft.Insights/components": "what it holds lies in the workspace",
    "Microsoft.Monitor/accounts": "has none",
}
LOGGED = {
    "Microsoft.Web/sites",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.EventGrid/systemTopics",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Search/searchServices",
    "Microsoft.DocumentDB/mongoClusters",
    "Microsoft.Cache/redisEnterprise",
    "Microsoft.Cache/redisEnterprise/databases",
    "Microsoft.KeyVault/vaults",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Dashboard/grafana",
    "Microsoft.ContainerRegistry/registries",
}
COPIES = {
    "Microsoft.Storage/storageAccounts": ("sku.name", "Standard_ZRS"),
    "Microsoft.Web/serverfarms": ("properties.zoneRedundant", True),
    "Microsoft.DocumentDB/mongoClusters": (
        "properties.highAvailability.targetMode",
        "ZoneRedundantPreferred",
    ),
    "Microsoft.Cache/redisEnterprise": ("properties.highAvailability", "Enabled"),
    "Microsoft.Dashboard/grafana": ("properties.zoneRedundancy", "Enabled"),
    "Microsoft.ContainerRegistry/registries": ("properties.zoneRedundancy", "Enabled"),
}


def workspace_of(made: Deployment) -> str:
    return made.one("Microsoft.OperationalInsights/workspaces").id


@promise
def every_service_tells_the_workspace_what_happens(made: Made) -> None:
    for each in made.both:
        settings = each.of("Microsoft.Insights/diagnosticSettings")
        told = {setting.scope.partition(":")[0] for setting in settings}
        cluster = {"Microsoft.ContainerService/managedClusters"} if each is made.prod else set()
        assert told == LOGGED | cluster
        for setting in settings:
            assert setting.properties["workspaceId"] == workspace_of(each)
            channels = setting.properties.get("logs", []) + setting.properties.get("metrics", [])
            assert channels
            assert all(channel["enabled"] is True for channel in channels)


@promise
def in_prod_a_zone_may_fail(made: Made) -> None:
    for kind, (path, value) in COPIES.items():
        assert at(made.prod.one(kind).body, path) == value, kind
        assert at(made.dev.one(kind).body, path) != value, kind  # which costs more than dev is worth
    assert made.prod.one("Microsoft.Search/searchServices").properties["replicaCount"] >= 3
    cluster = made.prod.one("Microsoft.ContainerService/managedClusters")
    assert all(len(pool["availabilityZones"]) == 3 for pool in cluster.properties["agentPoolProfiles"])
    assert cluster.body["sku"]["tier"] == "Standard"


@promise
def nodes_come_and_go_and_are_kept_up_to_date(made: Made) -> None:
    cluster = made.prod.one("Microsoft.ContainerService/managedClusters").properties
    for pool in cluster["agentPoolProfiles"]:
        assert pool["enableAutoScaling"] is True
        assert 1 <= pool["minCount"] <= pool["count"] <= pool["maxCount"]
        assert pool["upgradeSettings"]["maxSurge"]
    assert cluster["autoUpgradeProfile"] == {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}


@promise
def a_month_has_a_budget_that_somebody_hears_of(made: Made) -> None:
    for each in made.both:
        budget = each.one("Microsoft.Consumption/budgets")
        assert budget.properties["amount"] > 0
        assert re.fullmatch(r"\d{4}-\d\d-01", budget.properties["timePeriod"]["startDate"])
        group = each.one("Microsoft.Insights/actionGroups")
        notifications = budget.properties["notifications"].values()
        assert {each["thresholdType"] for each in notifications} == {"Actual", "Forecasted"}
        assert all(each["enabled"] and each["contactGroups"] == [group.id] for each in notifications)
    without = made.changed(dev=("readEnvironmentVariable('BUDGET_START', '')", "''"))
    assert not without.dev.of("Microsoft.Consumption/budgets")


@promise
def alerts_look_at_every_store_and_reach_the_operators(made: Made) -> None:
    for each in made.both:
        group = each.one("Microsoft.Insights/actionGroups")
        watched = set()
        for alert in each.of("Microsoft.Insights/metricAlerts"):
            assert alert.properties["enabled"] is True
            assert alert.properties["actions"] == [{"actionGroupId": group.id}]
            (scope,) = alert.properties["scopes"]
            watched.add(scope.partition(":")[0])
        assert watched == {
            "Microsoft.Storage/storageAccounts",
            "Microsoft.KeyVault/vaults",
            "Microsoft.CognitiveServices/accounts",
            "Microsoft.Search/searchServices",
            "Microsoft.DocumentDB/mongoClusters",
            "Microsoft.Cache/redisEnterprise",
            "Microsoft.EventGrid/systemTopics",
        }
    told = made.changed(dev=("readEnvironmentVariable('ALERT_EMAIL', '')", "'ops@example.com'")).dev
    (receiver,) = told.one("Microsoft.Insights/actionGroups").properties["emailReceivers"]
    assert receiver["emailAddress"] == "ops@example.com"


@promise
def alerts_on_logs_look_for_words_that_the_product_says(made: Made) -> None:
    said = "".join(path.read_text() for name in ("functions", "shared", "host") for path in _python(name))
    for each in made.both:
        group = each.one("Microsoft.Insights/actionGroups")
        queries = ""
        for alert in each.of("Microsoft.Insights/scheduledQueryRules"):
            assert alert.properties["scopes"] == [workspace_of(each)]
            assert alert.properties["actions"]["actionGroups"] == [group.id]
            (condition,) = alert.properties["criteria"]["allOf"]
            queries += condition["query"]
        words = re.findall(r'has "(\w+)"', queries)
        assert "document_parked" in words
        assert all(f'"{word}"' in said for word in words)
        assert "AppRequests" in queries


def _python(folder: str) -> list[Path]:
    return sorted((BICEP.parents[1] / folder).rglob("*.py"))


@promise
def managed_prometheus_evaluates_every_rule_of_ours(made: Made) -> None:
    groups = made.prod.of("Microsoft.AlertsManagement/prometheusRuleGroups")
    ours = [
        group for path in sorted(RULES.glob("*.yml")) for group in yaml.safe_load(path.read_text())["groups"]
    ]
    assert {group.name for group in groups} == {
        f"{made.prod.outputs['keyVaultName']}-{group['name']}" for group in ours
    }
    expressions = [rule["expression"] for group in groups for rule in group.properties["rules"]]
    assert sorted(expressions) == sorted(rule["expr"] for group in ours for rule in group["rules"])
    operators = made.prod.one("Microsoft.Insights/actionGroups")
    for group in groups:
        assert group.properties["scopes"] == [made.prod.one("Microsoft.Monitor/accounts").id]
        assert len(group.properties["rules"]) <= 20
        for rule in group.properties["rules"]:
            assert ("record" in rule) is not ("alert" in rule)
            if "alert" in rule:
                assert re.fullmatch(r"PT\d+[SMH]", rule["for"]), f"{rule['alert']}: {rule['for']}"
                assert rule["severity"] == (1 if rule["labels"]["severity"] == "page" else 3)
                assert rule["actions"] == [{"actionGroupId": operators.id}]
    assert not made.dev.of("Microsoft.AlertsManagement/prometheusRuleGroups")  # nothing is collected there


@promise
def deleted_files_can_be_brought_back_for_a_week(made: Made) -> None:
    for each in made.both:
        blobs = each.one("Microsoft.Storage/storageAccounts/blobServices").properties
        assert blobs["deleteRetentionPolicy"] == {"enabled": True, "days": 7}
        assert blobs["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 7}
