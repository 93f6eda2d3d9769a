"""What the adapters of Azure OpenAI share: signing in, its errors as ours.

Called by chat_models.azure_openai and embedders.azure_openai.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from azure.core.credentials_async import AsyncTokenCredential
from pydantic import SecretStr

from shared.azure_sdk import AzureService, calling, seconds
from shared.errors import BackendTimeout, BackendUnavailable, Refused, Throttled

_SCOPE = "https://cognitiveservices.azure.com/.default"
_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
_ROLE = "Cognitive Services OpenAI User"
_KEY = "AZURE_OPENAI_API_KEY"
_REFUSED_RETRY_AFTER = 60.0  # seconds; somebody has to change a setting or a role first


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model as messages to the operator name it."""

    name: str
    setting: str  # which one has its name: "AZURE_OPENAI_CHAT_DEPLOYMENT"

    def __str__(self) -> str:
        return f"the deployment {self.name} of Azure OpenAI"


def sign_in(credential: AsyncTokenCredential | str) -> dict[str, Any]:
    """Arguments of LangChain's classes for an identity, or for a key.

    Those that are None would come from environment variables otherwise, and contradict the others.
    """
    if isinstance(credential, str):
        return {"api_key": SecretStr(credential), "azure_ad_token": None, "base_url": None}
    # A quarter of a second, not needed with keys.
    from azure.identity.aio import get_bearer_token_provider  # noqa: PLC0415

    provider = get_bearer_token_provider(credential, _SCOPE)
    return {"azure_ad_async_token_provider": provider, "azure_ad_token": None, "base_url": None}


@asynccontextmanager
async def calling_openai(deployment: Deployment, *, timeout: float) -> AsyncIterator[None]:
    """Around a request, which takes `timeout` seconds at most, the answer's stream included.

    Errors: `BackendTimeout`, `BackendUnavailable`, naming the setting or the role.
    """
    service = AzureService(name=str(deployment), setting=_ENDPOINT, key_setting=_KEY, role=_ROLE)
    async with calling(service, timeout=timeout):
        try:
            yield
        except openai.APIStatusError as error:
            raise _refused(deployment, error) from error
        except openai.APIConnectionError as error:
            message = "Azure OpenAI is out of reach or hung up"
            raise BackendUnavailable(f"{message}; check {_ENDPOINT}") from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise BackendUnavailable(f"{deployment} broke off its answer") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            # What its parsers raise for what other servers say.
            message = "the server does not answer as Azure OpenAI does"
            raise BackendUnavailable(f"{message}; check {_ENDPOINT}") from error


def _refused(deployment: Deployment, error: openai.APIStatusError) -> BackendUnavailable:
    status = error.status_code
    if status in {401, 403}:
        message = f"Azure OpenAI refuses access; give the identity the role {_ROLE}, or check {_KEY}"
    elif status == 404:
        message = (
            f"{deployment} does not exist (HTTP 404); check {deployment.setting}, {_ENDPOINT} and "
            "AZURE_OPENAI_API_VERSION"
        )
    elif error.code == "content_filter":
        return Refused("the content filter of the language model refuses this question or its passages")
    elif error.code == "context_length_exceeded":
        return Refused(
            f"the prompt is too long for {deployment}; lower RAG_CONTEXT_TOKENS or RAG_ANSWER_TOKENS"
        )
    elif status in {408, 504}:
        return BackendTimeout(f"{deployment} timed out (HTTP {status})")
    elif status == 429 or status >= 500:
        told = error.response.headers.get("Retry-After")
        is_throttled = status == 429 or (status == 503 and told is not None)
        busy = Throttled if is_throttled else BackendUnavailable
        return busy(f"{deployment} is busy (HTTP {status})", retry_after=seconds(told))
    else:
        message = (
            f"{deployment} answered HTTP {status}; check {deployment.setting} and AZURE_OPENAI_API_VERSION"
        )
    return BackendUnavailable(message, retry_after=_REFUSED_RETRY_AFTER)
