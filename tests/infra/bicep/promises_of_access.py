"""Who gets in: identities, roles, keys, secrets. See promises.py."""

import json
import re

from tests.infra.bicep.deployment import BICEP, Deployment
from tests.infra.bicep.evaluation import SECRET, UNIQUE
from tests.infra.bicep.promises import Made, at, promise, settings_of

NAMES_OF_ROLES = {guid: name for name, guid in json.loads((BICEP / "roles.json").read_text()).items()}
# What each identity may, and where: docs/azure.md says why. Less would not do.
ROLES = {
    "function": {
        ("account", "Storage Blob Data Owner"),
        ("account", "Storage Blob Delegator"),
        ("account", "Storage Queue Data Contributor"),
        ("openai", "Cognitive Services OpenAI User"),
        ("search", "Search Index Data Contributor"),
        ("search", "Search Service Contributor"),
        ("vault", "Key Vault Secrets Officer"),
        ("insights", "Monitoring Metrics Publisher"),
    },
    "api": {
        ("uploads", "Storage Blob Data Contributor"),
        ("account", "Storage Blob Delegator"),
        ("account", "Storage Queue Data Reader"),
        ("account", "Storage Queue Data Message Sender"),
        ("rag-doctor", "Storage Queue Data Contributor"),
        ("openai", "Cognitive Services OpenAI User"),
        ("search", "Search Index Data Contributor"),
        ("search", "Search Service Contributor"),
        ("vault", "Key Vault Secrets Officer"),
        ("insights", "Monitoring Metrics Publisher"),
    },
    "ingest": {
        ("uploads", "Storage Blob Data Reader"),
        ("account", "Storage Queue Data Contributor"),
        ("openai", "Cognitive Services OpenAI User"),
        ("search", "Search Index Data Contributor"),
        ("search", "Search Service Contributor"),
        ("vault", "Key Vault Secrets User"),
        ("insights", "Monitoring Metrics Publisher"),
    },
    "keda": {("account", "Storage Queue Data Reader"), ("metrics", "Monitoring Data Reader")},
    "events": {
        ("ingest-events", "Storage Queue Data Message Sender"),
        ("dead-events", "Storage Blob Data Contributor"),
    },
    "grafana": {("metrics", "Monitoring Data Reader"), ("the group", "Monitoring Reader")},
}
IN_THE_CLUSTER = {
    "cluster": {("cluster", "Network Contributor")},  # of its subnet
    "kubelet": {("registry", "AcrPull")},
}
OPERATORS = {
    ("vault", "Key Vault Secrets Officer"),
    ("registry", "AcrPush"),
    ("grafana", "Grafana Admin"),
}
PLACES = {
    "Microsoft.Storage/storageAccounts": "account",
    "Microsoft.KeyVault/vaults": "vault",
    "Microsoft.ContainerRegistry/registries": "registry",
    "Microsoft.Dashboard/grafana": "grafana",
}
# Where each service says that nobody gets in by a key, a password or a certificate.
NO_KEYS = {
    "Microsoft.Storage/storageAccounts": ("properties.allowSharedKeyAccess", False),
    "Microsoft.CognitiveServices/accounts": ("properties.disableLocalAuth", True),
    "Microsoft.Search/searchServices": ("properties.disableLocalAuth", True),
    "Microsoft.Cache/redisEnterprise/databases": ("properties.accessKeysAuthentication", "Disabled"),
    "Microsoft.KeyVault/vaults": ("properties.enableRbacAuthorization", True),
    "Microsoft.Insights/components": ("properties.DisableLocalAuth", True),
    "Microsoft.OperationalInsights/workspaces": ("properties.features.disableLocalAuth", True),
    "Microsoft.ContainerRegistry/registries": ("properties.adminUserEnabled", False),
    "Microsoft.Dashboard/grafana": ("properties.apiKey", "Disabled"),
    "Microsoft.ContainerService/managedClusters": ("properties.disableLocalAccounts", True),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ("properties.allow", False),
}


def _place(scope: str) -> str:
    kind = scope.partition(":")[0]
    return PLACES.get(kind) or re.split(f"/|{UNIQUE}-", scope)[-1] or "the group"


def _who(principal: str) -> str:
    for sign, who in (("kubeletidentity", "kubelet"), ("Microsoft.Dashboard/grafana:", "grafana")):
        if sign in principal:
            return who
    name = re.search(rf"{UNIQUE}-(\w+)\.", principal)
    return name[1] if name else principal


def roles_in(made: Deployment) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for each in made.of("Microsoft.Authorization/roleAssignments"):
        role = NAMES_OF_ROLES[each.properties["roleDefinitionId"].rpartition("/")[2]]
        found.setdefault(_who(each.properties["principalId"]), set()).add((_place(each.scope), role))
    return found


@promise
def each_identity_has_the_roles_that_it_needs_and_no_others(made: Made) -> None:
    assert roles_in(made.dev) == ROLES | {"operators": OPERATORS}
    in_cluster = {("cluster", "Azure Kubernetes Service RBAC Cluster Admin")}
    assert roles_in(made.prod) == ROLES | IN_THE_CLUSTER | {"operators": OPERATORS | in_cluster}


@promise
def no_role_is_given_where_there_is_no_group_of_operators(made: Made) -> None:
    nobody = made.changed(prod=("readEnvironmentVariable('OPERATORS_GROUP_ID', '')", "''"))
    assert set(roles_in(nobody.prod)) == set(ROLES) | set(IN_THE_CLUSTER)


@promise
def redis_lets_the_three_processes_in(made: Made) -> None:
    for each in made.both:
        users = each.of("Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments")
        assert {_who(user.properties["user"]["objectId"]) for user in users} == {"function", "api", "ingest"}
        assert {user.properties["accessPolicyName"] for user in users} == {"default"}


@promise
def keys_and_passwords_are_off_wherever_a_service_allows(made: Made) -> None:
    for each in made.both:
        for kind, (path, value) in NO_KEYS.items():
            for resource in each.of(kind):
                assert at(resource.body, path) == value, f"{resource.name}: {path}"
    assert all(made.prod.of(kind) for kind in NO_KEYS)


@promise
def nobody_gets_in_without_signing_in(made: Made) -> None:
    for each in made.both:
        assert (
            at(each.one("Microsoft.Storage/storageAccounts").body, "properties.allowBlobPublicAccess")
            is False
        )
        for container in each.of("Microsoft.Storage/storageAccounts/blobServices/containers"):
            assert container.properties["publicAccess"] == "None"
        assert each.one("Microsoft.ContainerRegistry/registries").properties["anonymousPullEnabled"] is False
        assert at(
            made.prod.one("Microsoft.ContainerService/managedClusters").body, "properties.aadProfile"
        ) == {
            "managed": True,
            "enableAzureRBAC": True,
        }


@promise
def everything_is_encrypted_on_its_way(made: Made) -> None:
    for each in made.both:
        account, app = each.one("Microsoft.Storage/storageAccounts"), each.one("Microsoft.Web/sites")
        assert account.properties["supportsHttpsTrafficOnly"] is True
        assert account.properties["minimumTlsVersion"] == "TLS1_2"
        assert app.properties["httpsOnly"] is True
        assert app.properties["siteConfig"]["minTlsVersion"] == "1.2"
        assert each.one("Microsoft.Cache/redisEnterprise").properties["minimumTlsVersion"] == "1.2"
        assert settings_of(each)["REDIS_URL"].startswith("rediss://")


@promise
def secrets_are_kept_after_they_are_deleted(made: Made) -> None:
    for each in made.both:
        vault = each.one("Microsoft.KeyVault/vaults").properties
        assert vault["enablePurgeProtection"] is True
        assert vault["enableSoftDelete"] is True


@promise
def the_password_is_in_the_database_and_the_key_vault_and_nowhere_else(made: Made) -> None:
    for each in made.both:
        holders = {resource.type for resource in each.resources if SECRET in str(resource.body)}
        assert holders == {"Microsoft.DocumentDB/mongoClusters"}
        secret = each.one("Microsoft.KeyVault/vaults/secrets")
        assert secret.name.endswith("/mongodb-uri")
        assert "mongoClusters:" in secret.properties["value"]
        assert (
            "pl4nted-s3cret%20" in secret.properties["value"]
        )  # characters of a password do not end an address
        assert settings_of(each)["MONGODB_URI"] == "secret:mongodb-uri"


@promise
def no_output_tells_a_secret(made: Made) -> None:
    for each in made.both:
        for name, value in each.outputs.items():
            assert "pl4nted" not in str(value)
            assert not re.search(r"(?i)connectionstring|accountkey|primarykey|password|@", str(value)), name
    for path, text in made.texts.items():
        assert not re.search(r"\blist[A-Z]\w*\(", text), f"{path.name}: keys are not even read"
        for name, output in re.findall(r"^output (\w+) \w+ = (.*)$", text, re.MULTILINE):
            assert "password" not in output.lower(), f"{path.name}: {name}"
            assert "ConnectionString" not in output, f"{path.name}: {name}"
