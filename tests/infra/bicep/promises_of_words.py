"""What the product is told, what the deployment tells, and how things are called. See promises.py."""

import os
from unittest.mock import patch

from shared.settings import Settings, read_settings, setting_name
from tests.infra.bicep.deployment import BICEP, Deployment
from tests.infra.bicep.naming import RULES
from tests.infra.bicep.promises import Made, promise, settings_of

# Read by the Functions host or by Azure's SDKs, not by the product.
OF_THE_PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AZURE_CLIENT_ID",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
}
OUTPUTS = {
    *("resourceGroupName", "tenantId", "functionAppName", "functionAppUrl"),
    *("registryName", "registryLoginServer", "clusterName"),
    *("apiIdentityClientId", "ingestIdentityClientId", "kedaIdentityClientId"),
    *("keyVaultName", "keyVaultUrl", "storageName", "searchEndpoint", "openAiEndpoint", "redisUrl"),
    *("chatDeployment", "fallbackDeployment", "embeddingDeployment", "staticWebAppName"),
    *("grafanaEndpoint", "prometheusEndpoint"),
}


def main_of(made: Made) -> str:
    return made.texts[BICEP / "main.bicep"]


def started(made: Deployment) -> Settings:
    """What the product makes of the Function App's settings."""
    with patch.dict(os.environ, settings_of(made), clear=True):
        return read_settings()


@promise
def the_product_starts_with_what_the_function_app_is_told(made: Made) -> None:
    for each in made.both:
        settings = started(each)
        assert settings.profile == "azure"
        assert not settings.keeps_data_here
        assert settings.blob_trigger is False  # Event Grid brings events to the queue
        assert settings.redis_auth == "entra"
        assert settings.azure_openai_fallback_deployment
        assert settings.traces == "azure_monitor"
    assert started(made.prod).registration == "closed"


@promise
def every_setting_of_the_function_app_is_a_known_one(made: Made) -> None:
    known = {setting_name(field) for field in Settings.model_fields} | OF_THE_PLATFORM
    for each in made.both:
        settings = settings_of(each)
        assert set(settings) <= known
        assert set(settings) >= OF_THE_PLATFORM
        assert not {name for name in settings if name.endswith("_KEY")}
        assert all(isinstance(value, str) for value in settings.values())


@promise
def the_product_and_its_host_sign_in_as_the_identity_of_the_app(made: Made) -> None:
    for each in made.both:
        settings = settings_of(each)
        (client,) = {settings["AZURE_CLIENT_ID"], settings["AzureWebJobsStorage__clientId"]}
        assert client.endswith("-function.properties.clientId")
        assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
        assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == f"ClientId={client};Authorization=AAD"
        (identity,) = each.one("Microsoft.Web/sites").body["identity"]["userAssignedIdentities"]
        assert identity == f"{client.removesuffix('.properties.clientId')}.id"


@promise
def a_deployment_tells_what_releases_need(made: Made) -> None:
    for each in made.both:
        assert set(each.outputs) == OUTPUTS
    optional = {"staticWebAppName"}
    assert all(value for name, value in made.prod.outputs.items() if name not in optional)


@promise
def names_are_within_the_rules_of_azure(made: Made) -> None:
    for longest in ("rag", "abcdefgh", "ab"):
        named = made.changed(main=("param name string = 'rag'", f"param name string = '{longest}'"))
        with_page = named.changed(prod=("deployStaticWebApp = false", "deployStaticWebApp = true"))
        for each in (named.dev, with_page.prod):
            for resource in each.resources:
                rule = RULES.get(resource.type)
                if rule and resource.type != "Microsoft.Authorization/roleAssignments":  # by guid()
                    assert not rule.broken_by(resource.name.rpartition("/")[2]), resource.type
            # The Functions host goes by the first 32 characters: two apps may take each other's locks.
            assert len(each.one("Microsoft.Web/sites").name) <= 32
    assert "@minLength(2)\n@maxLength(8)\nparam name " in main_of(made)


@promise
def no_two_resources_have_one_name(made: Made) -> None:
    for each in made.both:
        names = [f"{resource.type}:{resource.name}@{resource.scope}" for resource in each.resources]
        assert len(names) == len(set(names))


@promise
def everything_says_what_it_belongs_to(made: Made) -> None:
    for each, environment in ((made.dev, "dev"), (made.prod, "prod")):
        for resource in each.resources:
            if "location" in resource.body:
                assert resource.body["tags"] == {
                    "application": "rag-functions",
                    "environment": environment,
                }, resource.name


@promise
def a_group_that_was_destroyed_gets_other_names(made: Made) -> None:
    assert "uniqueString(resourceGroup().id, generation)" in main_of(made)
    assert sum(text.count("uniqueString(") for text in made.texts.values()) == 1
