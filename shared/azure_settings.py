"""The settings of Azure's services, under the names that Azure people know. Part of `shared.settings`."""

from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings


def _named(name: str, default: Any, description: str, **bounds: Any) -> Any:
    """A setting whose name in the environment has no prefix of ours."""
    return Field(
        default, validation_alias=AliasChoices(name, field_name(name)), description=description, **bounds
    )


def field_name(name: str) -> str:
    """The field of a name in the environment that has no prefix."""
    return name.lower().replace("__", "_")


class AzureSettings(BaseSettings):
    """Keys are optional everywhere: without one the identity of the process is used.

    A value that may be secret can also be `secret:<name>`: it is then fetched from the secret store.
    """

    azure_openai_endpoint: str | None = _named(
        "AZURE_OPENAI_ENDPOINT",
        None,
        "Address of the Azure OpenAI resource, `https://<name>.openai.azure.com`.",
    )
    azure_openai_api_key: SecretStr | None = _named(
        "AZURE_OPENAI_API_KEY",
        None,
        "Its key; without one the process's identity is used (role Cognitive Services OpenAI User).",
    )
    azure_openai_api_version: str = _named("AZURE_OPENAI_API_VERSION", "2024-10-21", "Version of its API.")
    azure_openai_chat_deployment: str | None = _named(
        "AZURE_OPENAI_CHAT_DEPLOYMENT", None, "Deployment that writes answers."
    )
    azure_openai_fallback_deployment: str | None = _named(
        "AZURE_OPENAI_FALLBACK_DEPLOYMENT",
        None,
        "Deployment that answers, as `smaller_model`, when the first one cannot.",
    )
    azure_openai_embedding_deployment: str | None = _named(
        "AZURE_OPENAI_EMBEDDING_DEPLOYMENT", None, "Deployment that embeds."
    )
    azure_openai_embedding_dimension: int = _named(
        "AZURE_OPENAI_EMBEDDING_DIMENSION",
        1536,
        "Numbers of an embedding; text-embedding-3 models can be asked for fewer than they have.",
        ge=64,
        le=4096,
    )
    azure_openai_embedding_tpm: int = _named(
        "AZURE_OPENAI_EMBEDDING_TPM",
        0,
        "Tokens per minute of the embedding deployment, which all workers share; 0: only its refusals slow "
        "them down.",
        ge=0,
    )
    azure_openai_embedding_rpm: int = _named(
        "AZURE_OPENAI_EMBEDDING_RPM", 0, "Its requests per minute; 0: as above.", ge=0
    )
    azure_document_intelligence_endpoint: str | None = _named(
        "AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT",
        None,
        "Address of Azure AI Document Intelligence, `https://<name>.cognitiveservices.azure.com`. Needed by "
        "`RAG_OCR=document_intelligence`.",
    )
    azure_document_intelligence_key: SecretStr | None = _named(
        "AZURE_DOCUMENT_INTELLIGENCE_KEY",
        None,
        "Its key; without one the process's identity is used (role Cognitive Services User).",
    )
    azure_search_endpoint: str | None = _named(
        "AZURE_SEARCH_ENDPOINT",
        None,
        "Address of the AI Search service, `https://<name>.search.windows.net`.",
    )
    azure_search_api_key: SecretStr | None = _named(
        "AZURE_SEARCH_API_KEY",
        None,
        "Its admin key; without one the process's identity is used (roles Search "
        "Service Contributor and Search Index Data Contributor).",
    )
    azure_search_analyzer: str = _named(
        "AZURE_SEARCH_ANALYZER",
        "multilingual",
        "Analyzer of title, heading and content: `multilingual` (words of "
        "any script, English stems) or one of the service's own, such as `de.microsoft`. Fixed once the "
        "index is created.",
        pattern=r"^(multilingual|[a-z]{2}(-[A-Za-z]{2,4})?\.(microsoft|lucene))$",
    )
    azure_search_semantic_ranker: bool = _named(
        "AZURE_SEARCH_SEMANTIC_RANKER", False, "Whether the service's semantic ranker orders hybrid results."
    )
    mongodb_uri: SecretStr | None = _named(
        "MONGODB_URI",
        None,
        "Connection string of MongoDB (Atlas, Azure DocumentDB, Cosmos DB vCore, your own).",
    )
    mongodb_database: str = _named(
        "MONGODB_DATABASE", "rag", "Database that holds every collection.", pattern=r"^[A-Za-z0-9_-]{1,60}$"
    )
    redis_url: SecretStr | None = _named(
        "REDIS_URL",
        None,
        "Address of Redis, `rediss://:<access key>@<host>:<port>/0`; without a password and with "
        "`REDIS_AUTH=entra` the process's identity is used.",
    )
    redis_auth: Literal["url", "entra"] = _named(
        "REDIS_AUTH", "url", "How to sign in to Redis: `url` (what stands in `REDIS_URL`) or `entra`."
    )
    azurewebjobsstorage: SecretStr | None = _named(
        "AzureWebJobsStorage",
        None,
        "Connection string of the storage account with the container `uploads` and the "
        "queue `ingest-events`; `UseDevelopmentStorage=true` is Azurite.",
    )
    azurewebjobsstorage_accountname: str | None = _named(
        "AzureWebJobsStorage__accountName",
        None,
        "Instead of it: the account's name, for the process's identity "
        "(roles Storage Blob Data Owner, Storage Blob Delegator, Storage Queue Data Contributor).",
    )
    azurewebjobsstorage_blobserviceuri: str | None = _named(
        "AzureWebJobsStorage__blobServiceUri", None, "Instead of the name: the address of its blobs, and …"
    )
    azurewebjobsstorage_queueserviceuri: str | None = _named(
        "AzureWebJobsStorage__queueServiceUri", None, "… of its queues, for clouds with other addresses."
    )
    azure_key_vault_url: str | None = _named(
        "AZURE_KEY_VAULT_URL",
        None,
        "Address of the key vault, `https://<name>.vault.azure.net` (role Key Vault "
        "Secrets User; Secrets Officer where the app shall create its signing key itself).",
    )
    entra_tenant_id: str | None = _named(
        "ENTRA_TENANT_ID", None, "Tenant whose access tokens are accepted beside our own; none: only our own."
    )
    entra_audience: str | None = _named(
        "ENTRA_AUDIENCE", None, "`aud` of its tokens: the client id or the application id URI of the API."
    )
    entra_administrator_role: str = _named(
        "ENTRA_ADMINISTRATOR_ROLE", "administrator", "App role (claim `roles`) of those who administer."
    )
    entra_client_id: str | None = _named(
        "ENTRA_CLIENT_ID",
        None,
        "Client id that the chat page signs in with, of its registration as a single-page application; none: "
        "the page signs in with accounts of ours alone.",
    )
    entra_authority: str = _named(
        "ENTRA_AUTHORITY",
        "https://login.microsoftonline.com",
        "Where the tenant signs in; other clouds have another.",
    )
