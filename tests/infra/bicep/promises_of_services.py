"""What is deployed, and set up how. See promises.py."""

import re

from shared.ingest.events import CONTAINER, INGEST_QUEUE, POISON_QUEUE
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from tests.infra.bicep.deployment import Deployment, deployed
from tests.infra.bicep.promises import Made, at, promise, settings_of

STORAGE = "Microsoft.Storage/storageAccounts"
EVERY_SERVICE = {
    "Microsoft.Web/sites",
    STORAGE,
    "Microsoft.EventGrid/systemTopics",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Search/searchServices",
    "Microsoft.DocumentDB/mongoClusters",
    "Microsoft.Cache/redisEnterprise",
    "Microsoft.KeyVault/vaults",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/components",
    "Microsoft.Monitor/accounts",
    "Microsoft.Dashboard/grafana",
    "Microsoft.ContainerRegistry/registries",
}


def last(name: str) -> str:
    return name.rpartition("/")[2]


def names_of(made: Deployment, kind: str) -> set[str]:
    return {last(each.name) for each in made.of(kind)}


@promise
def everything_is_deployed_in_each_environment(made: Made) -> None:
    for each in made.both:
        assert {resource.type for resource in each.resources} >= EVERY_SERVICE


@promise
def the_app_runs_on_flex_consumption_with_the_deployed_python(made: Made) -> None:
    for each in made.both:
        plan, app = each.one("Microsoft.Web/serverfarms"), each.one("Microsoft.Web/sites")
        assert plan.body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
        assert app.properties["serverFarmId"] == plan.id
        assert app.properties["functionAppConfig"]["runtime"] == {"name": "python", "version": "3.13"}


@promise
def http_is_always_ready_and_knows_how_much_an_instance_takes(made: Made) -> None:
    for each in made.both:
        scale = each.one("Microsoft.Web/sites").properties["functionAppConfig"]["scaleAndConcurrency"]
        (ready,) = scale["alwaysReady"]
        assert ready["name"] == "http"
        assert ready["instanceCount"] >= 1
        assert 1 <= scale["triggers"]["http"]["perInstanceConcurrency"] <= 1000
        assert scale["instanceMemoryMB"] in (512, 2048, 4096)
        assert ready["instanceCount"] <= scale["maximumInstanceCount"] <= 1000
    assert ready["instanceCount"] >= 2  # in prod a release finds another one that answers


@promise
def the_package_is_fetched_by_the_identity_from_a_container_of_its_own(made: Made) -> None:
    for each in made.both:
        app = each.one("Microsoft.Web/sites")
        storage = app.properties["functionAppConfig"]["deployment"]["storage"]
        assert storage["type"] == "blobContainer"
        assert storage["value"].endswith("deployments")
        assert storage["authentication"]["type"] == "UserAssignedIdentity"
        assert list(app.body["identity"]["userAssignedIdentities"]) == [
            storage["authentication"]["userAssignedIdentityResourceId"]
        ]


@promise
def the_containers_and_queues_are_those_of_the_code(made: Made) -> None:
    for each in made.both:
        assert names_of(each, f"{STORAGE}/blobServices/containers") == {
            CONTAINER,
            "deployments",
            "dead-events",
        }
        queues = {INGEST_QUEUE, POISON_QUEUE, FILL_QUEUE, FILL_POISON_QUEUE, "rag-doctor"}
        assert names_of(each, f"{STORAGE}/queueServices/queues") == queues


@promise
def storage_events_of_uploads_alone_come_to_the_queue(made: Made) -> None:
    for each in made.both:
        (subscription,) = each.of("Microsoft.EventGrid/systemTopics/eventSubscriptions")
        asked = subscription.properties["filter"]
        assert asked["subjectBeginsWith"] == f"/blobServices/default/containers/{CONTAINER}/"
        assert set(asked["includedEventTypes"]) == {
            "Microsoft.Storage.BlobCreated",
            "Microsoft.Storage.BlobDeleted",
        }
        delivery = subscription.properties["deliveryWithResourceIdentity"]["destination"]
        assert delivery["endpointType"] == "StorageQueue"
        assert delivery["properties"]["queueName"] == INGEST_QUEUE
        assert delivery["properties"]["resourceId"] == each.one(STORAGE).id
        assert delivery["properties"]["queueMessageTimeToLiveInSeconds"] == -1


@promise
def events_that_cannot_be_delivered_are_kept(made: Made) -> None:
    for each in made.both:
        (subscription,) = each.of("Microsoft.EventGrid/systemTopics/eventSubscriptions")
        kept = subscription.properties["deadLetterWithResourceIdentity"]["deadLetterDestination"]
        assert kept["properties"]["blobContainerName"] in names_of(each, f"{STORAGE}/blobServices/containers")
        assert kept["properties"]["blobContainerName"] != CONTAINER  # or they would make events themselves


@promise
def events_are_delivered_as_an_identity(made: Made) -> None:
    for each in made.both:
        topic = each.one("Microsoft.EventGrid/systemTopics")
        (identity,) = topic.body["identity"]["userAssignedIdentities"]
        (subscription,) = each.of("Microsoft.EventGrid/systemTopics/eventSubscriptions")
        for part in ("deliveryWithResourceIdentity", "deadLetterWithResourceIdentity"):
            used = subscription.properties[part]["identity"]
            assert used == {"type": "UserAssigned", "userAssignedIdentity": identity}
        assert not {"destination", "deadLetterDestination"} & set(subscription.properties)


@promise
def the_page_may_send_the_headers_of_a_ticket_to_the_container(made: Made) -> None:
    for each in made.both:
        (rule,) = each.one(f"{STORAGE}/blobServices").properties["cors"]["corsRules"]
        assert {"content-type", "x-ms-blob-type"} <= set(rule["allowedHeaders"])
        assert rule["allowedMethods"] == ["PUT"]
        app = each.one("Microsoft.Web/sites")
        assert f"https://{app.name}.azurewebsites.net" in rule["allowedOrigins"]
        assert "*" not in rule["allowedOrigins"]


@promise
def pages_elsewhere_may_call_the_api_and_no_others(made: Made) -> None:
    given = {"RAG_CORS_ORIGINS": "https://a.example,https://b.example", "API_HOST": "rag.example"}
    told = deployed("dev", made.texts, **given)
    cors = told.one("Microsoft.Web/sites").properties["siteConfig"]["cors"]
    pages = {"https://a.example", "https://b.example", "https://rag.example"}
    assert set(cors["allowedOrigins"]) == pages
    assert cors["supportCredentials"] is False
    (rule,) = told.one(f"{STORAGE}/blobServices").properties["cors"]["corsRules"]
    assert pages <= set(rule["allowedOrigins"])
    assert made.prod.one("Microsoft.Web/sites").properties["siteConfig"]["cors"]["allowedOrigins"] == []


@promise
def a_chat_a_fallback_and_an_embedding_model_are_deployed(made: Made) -> None:
    for each in made.both:
        models = each.of("Microsoft.CognitiveServices/accounts/deployments")
        assert len({model.name for model in models}) == 3
        settings = settings_of(each)
        for role in ("CHAT", "FALLBACK", "EMBEDDING"):
            assert settings[f"AZURE_OPENAI_{role}_DEPLOYMENT"] in {last(model.name) for model in models}
        embedding = next(
            model for model in models if last(model.name) == settings["AZURE_OPENAI_EMBEDDING_DEPLOYMENT"]
        )
        assert embedding.properties["versionUpgradeOption"] == "NoAutoUpgrade"
        assert settings["AZURE_OPENAI_EMBEDDING_TPM"] == str(embedding.body["sku"]["capacity"] * 1000)


@promise
def redis_is_one_server_to_its_clients(made: Made) -> None:
    for each in made.both:
        database = each.one("Microsoft.Cache/redisEnterprise/databases").properties
        assert database["clusteringPolicy"] in ("EnterpriseCluster", "NoCluster")  # docs/azure.md
        assert database["clientProtocol"] == "Encrypted"
        assert f":{database['port']}/" in settings_of(each)["REDIS_URL"]


@promise
def metrics_of_the_cluster_come_to_prometheus_and_grafana(made: Made) -> None:
    each = made.prod
    prometheus, cluster = (
        each.one("Microsoft.Monitor/accounts"),
        each.one("Microsoft.ContainerService/managedClusters"),
    )
    rule = each.one("Microsoft.Insights/dataCollectionRules")
    (destination,) = rule.properties["destinations"]["monitoringAccounts"]
    assert destination["accountResourceId"] == prometheus.id
    assert rule.properties["dataFlows"][0]["destinations"] == [destination["name"]]
    link = each.one("Microsoft.Insights/dataCollectionRuleAssociations")
    assert (f"{link.scope}.id", link.properties["dataCollectionRuleId"]) == (cluster.id, rule.id)
    assert at(cluster.properties, "azureMonitorProfile.metrics.enabled")
    shown = at(each.one("Microsoft.Dashboard/grafana").properties, "grafanaIntegrations")
    assert shown["azureMonitorWorkspaceIntegrations"] == [{"azureMonitorWorkspaceResourceId": prometheus.id}]


@promise
def the_cluster_has_workload_identity_keda_and_key_vault_by_csi(made: Made) -> None:
    cluster = made.prod.one("Microsoft.ContainerService/managedClusters").properties
    assert at(cluster, "oidcIssuerProfile.enabled")
    assert at(cluster, "securityProfile.workloadIdentity.enabled")
    assert at(cluster, "workloadAutoScalerProfile.keda.enabled")
    assert at(cluster, "addonProfiles.azureKeyvaultSecretsProvider.enabled")
    assert at(cluster, "addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation") == "true"
    assert (
        at(cluster, "networkProfile.networkPolicy") == "cilium"
    )  # policies that nobody enforces protect nothing
    assert at(cluster, "networkProfile.networkDataplane") == "cilium"


@promise
def service_accounts_are_the_identities_that_they_are_called_after(made: Made) -> None:
    found = {
        re.sub(r"^.*-(\w+)/.*$", r"\1", each.name): each.properties
        for each in made.prod.of(
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
        )
    }
    assert {who: each["subject"] for who, each in found.items()} == {
        "api": "system:serviceaccount:rag:rag-api",
        "ingest": "system:serviceaccount:rag:rag-ingest",
        "keda": "system:serviceaccount:kube-system:keda-operator",
    }
    cluster = made.prod.one("Microsoft.ContainerService/managedClusters")
    issuer = f"{cluster.type}:{cluster.name}.properties.oidcIssuerProfile.issuerURL"
    assert all(each["issuer"] == issuer for each in found.values())
    assert all(each["audiences"] == ["api://AzureADTokenExchange"] for each in found.values())


@promise
def cluster_and_static_web_app_are_there_by_switch(made: Made) -> None:
    assert not made.dev.of("Microsoft.ContainerService/managedClusters")
    assert made.dev.outputs["clusterName"] == ""
    assert made.prod.outputs["clusterName"]
    assert not made.prod.of("Microsoft.Web/staticSites")
    assert made.prod.outputs["staticWebAppName"] == ""
    with_page = made.changed(prod=("deployStaticWebApp = false", "deployStaticWebApp = true")).prod
    page = with_page.one("Microsoft.Web/staticSites")
    assert with_page.outputs["staticWebAppName"] == page.name
    origin = f"https://{page.type}:{page.name}.properties.defaultHostname"
    assert origin in with_page.one("Microsoft.Web/sites").properties["siteConfig"]["cors"]["allowedOrigins"]
    (rule,) = with_page.one(f"{STORAGE}/blobServices").properties["cors"]["corsRules"]
    assert origin in rule["allowedOrigins"]
