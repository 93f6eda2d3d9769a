"""What the Kubernetes overlays have to know of a deployment: their cluster.env. Used by cluster.py."""

import os
from collections.abc import Mapping

from infra.deploy.commands import DeploymentError

# Keys of cluster.env by the outputs of main.bicep.
_OF_OUTPUTS = {
    "AZURE_CLIENT_ID_API": "apiIdentityClientId",
    "AZURE_CLIENT_ID_INGEST": "ingestIdentityClientId",
    "AZURE_CLIENT_ID_KEDA": "kedaIdentityClientId",
    "AZURE_TENANT_ID": "tenantId",
    "KEY_VAULT_NAME": "keyVaultName",
    "AZURE_KEY_VAULT_URL": "keyVaultUrl",
    "AZURE_OPENAI_ENDPOINT": "openAiEndpoint",
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "chatDeployment",
    "AZURE_OPENAI_FALLBACK_DEPLOYMENT": "fallbackDeployment",
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embeddingDeployment",
    "AZURE_SEARCH_ENDPOINT": "searchEndpoint",
    "STORAGE_ACCOUNT": "storageName",
    "REDIS_URL": "redisUrl",
    "PROMETHEUS_ENDPOINT": "prometheusEndpoint",
}
# Settings of the Function App: both hosts share documents, people and quotas, so they are told the same.
_OF_FUNCTION_APP = (
    "AZURE_OPENAI_EMBEDDING_DIMENSION",
    "AZURE_OPENAI_EMBEDDING_TPM",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
)
# Of these it may have none, and what holds then.
_PERHAPS_OF_FUNCTION_APP = {
    "AZURE_SEARCH_INDEX": "documents",
    "ENTRA_TENANT_ID": "",
    "ENTRA_AUDIENCE": "",
    "ENTRA_CLIENT_ID": "",
}
# There these are told to Azure and not to the app: from the environment of whoever deploys.
_OF_ENVIRONMENT = ("RAG_CORS_ORIGINS",)


def cluster_values(outputs: Mapping[str, str], settings: Mapping[str, str], host: str) -> str:
    """The lines of the file. `settings`: those of the Function App.

    Errors: `DeploymentError` where Bicep has not told what is needed: an empty value would reach the pods.
    """
    if lacking := sorted(output for output in _OF_OUTPUTS.values() if not outputs.get(output)):
        raise DeploymentError(f"the deployment has no output {', '.join(lacking)}")
    if lacking := sorted(name for name in _OF_FUNCTION_APP if not settings.get(name)):
        raise DeploymentError(f"the Function App has no setting {', '.join(lacking)}")
    values = {key: outputs[output] for key, output in _OF_OUTPUTS.items()}
    values |= {name: settings[name] for name in _OF_FUNCTION_APP}
    values |= {name: settings.get(name, default) for name, default in _PERHAPS_OF_FUNCTION_APP.items()}
    values |= {key: os.environ.get(key, "") for key in _OF_ENVIRONMENT}
    values["HOST"] = host
    return "".join(f"{key}={value}\n" for key, value in values.items())
