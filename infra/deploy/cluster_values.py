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
# What no deployment knows: from the environment of whoever deploys, and what holds where it is not set.
_OF_ENVIRONMENT = {
    "AZURE_SEARCH_INDEX": "documents",
    "RAG_CORS_ORIGINS": "",
    "ENTRA_TENANT_ID": "",
    "ENTRA_AUDIENCE": "",
}


def cluster_values(outputs: Mapping[str, str], host: str) -> str:
    """The lines of the file.

    Errors: `DeploymentError` where Bicep has not told what is needed: an empty value would reach the pods.
    """
    if lacking := sorted(output for output in _OF_OUTPUTS.values() if not outputs.get(output)):
        raise DeploymentError(f"the deployment has no output {', '.join(lacking)}")
    values = {key: outputs[output] for key, output in _OF_OUTPUTS.items()}
    values |= {key: os.environ.get(key, default) for key, default in _OF_ENVIRONMENT.items()}
    values["HOST"] = host
    return "".join(f"{key}={value}\n" for key, value in values.items())
