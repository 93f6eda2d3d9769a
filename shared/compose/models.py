"""A loader per model: embedders and chat models. As in `plugs`, each imports the adapter it opens."""

import re
from typing import TYPE_CHECKING

from shared.azure_settings import field_name
from shared.caches.base import Cache
from shared.chat_models.base import ChatModel
from shared.compose.identity import required, value
from shared.embedders.base import Embedder
from shared.errors import ConfigError
from shared.rerankers.base import Reranker
from shared.settings import Settings
from shared.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from shared.azure_sdk import Identity

_WIDE = re.compile("[\u2e80-\U0010ffff]")  # CJK scripts, and what lies behind them


def open_embedder(settings: Settings, identity: "Identity | None" = None) -> Embedder:
    if settings.embedder == "azure_openai":
        from shared.embedders.azure_openai import AzureOpenAIEmbedder

        return AzureOpenAIEmbedder(
            endpoint=str(settings.azure_openai_endpoint),
            deployment=str(settings.azure_openai_embedding_deployment),
            api_version=settings.azure_openai_api_version,
            dimension=settings.azure_openai_embedding_dimension,
            credential=value(settings.azure_openai_api_key) or required(identity),
        )
    from shared.embedders.onnx import OnnxEmbedder

    return OnnxEmbedder(settings.models / settings.embedder, threads=settings.embedder_threads)


def open_named_embedder(
    settings: Settings, identity: "Identity | None", name: str, dimension: int | None
) -> Embedder:
    """The one that an index version records or, as in RAG_EMBEDDER or `azure_openai:<deployment>`, a person
    names for a new one; without a dimension the settings' own. Errors: `ConfigError` where it is not here.
    """
    kind, _, deployment = name.partition(":")
    if kind == "azure_openai" and settings.azure_openai_endpoint:
        return open_embedder(
            settings.model_copy(
                update={
                    "embedder": kind,
                    "azure_openai_embedding_deployment": deployment
                    or settings.azure_openai_embedding_deployment,
                    "azure_openai_embedding_dimension": dimension
                    or settings.azure_openai_embedding_dimension,
                }
            ),
            identity,
        )
    from shared.embedders.model_folder import CARD_FILE, read_card

    for model in ("e5", "minilm"):
        folder = settings.models / model
        if (folder / CARD_FILE).exists() and name in (model, read_card(folder).name):
            return open_embedder(settings.model_copy(update={"embedder": model}), identity)
    raise ConfigError(
        f"the embedder {name} is not here; prepare it with `rag weights`, or set AZURE_OPENAI_ENDPOINT"
    )


def sparing(
    embedder: Embedder, settings: Settings, *, cache: Cache, embeddings: Cache | None, metrics: Metrics
) -> Embedder:
    """The same embedder, that keeps to the deployment's rate, embeds no text twice and counts the others.

    `cache` is what all workers share; `embeddings` keeps what was embedded, if that is wanted.
    """
    from shared.embedders.metered import MeteredEmbedder

    if embedder.name.startswith("azure_openai:"):
        from shared.embedders.budgeted import BudgetedEmbedder

        embedder = BudgetedEmbedder(
            embedder,
            cache,
            name=f"{settings.azure_openai_endpoint}:{embedder.name}",
            tokens_per_minute=settings.azure_openai_embedding_tpm,
            requests_per_minute=settings.azure_openai_embedding_rpm,
            count_tokens=embedding_tokens,
        )
    embedder = MeteredEmbedder(
        embedder,
        count_tokens=embedding_tokens,
        price=settings.embedding_prices.get(embedder.name.removeprefix("azure_openai:"), 0.0),
        embedded=metrics.texts_embedded,
    )
    if embeddings is None:
        return embedder
    from shared.embedders.cached import CachedEmbedder

    ttl = settings.embedding_cache_days * 86_400
    return CachedEmbedder(embedder, embeddings, ttl=ttl, looked_up=metrics.embeddings_looked_up)


def count_tokens(text: str) -> int:
    """Rather too many than too few: English has some 4 characters a token, we count 3, of CJK scripts 1.

    Exact counting would load a 75 MB vocabulary for a bound that has slack anyway.
    """
    return _tokens(text, chars_per_token=3)


def embedding_tokens(text: str) -> int:
    """About as many as there are: too many would leave part of the rate unused, too few are refused."""
    return _tokens(text, chars_per_token=4)


def _tokens(text: str, *, chars_per_token: int) -> int:
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    return wide + (len(text) - wide) // chars_per_token + 1


def open_extractive_model(embedder: Embedder) -> ChatModel:
    from shared.chat_models.extractive import ExtractiveChatModel

    return ExtractiveChatModel(embedder)


def open_reranker(settings: Settings, embedder: Embedder) -> Reranker | None:
    if settings.reranker == "off":
        return None
    from shared.rerankers.sentences import SentenceReranker

    return SentenceReranker(embedder)


def open_chat_model(settings: Settings, identity: "Identity | None", extractive: ChatModel) -> ChatModel:
    if settings.chat_model == "azure_openai":
        return _azure_chat(settings, "AZURE_OPENAI_CHAT_DEPLOYMENT", identity)
    if settings.chat_model == "openai":
        from shared.chat_models.openai_compatible import OpenAIChat

        return OpenAIChat(
            base_url=settings.openai_base_url or "",
            api_key=value(settings.openai_api_key),
            model=settings.openai_chat_model or "",
        )
    if settings.chat_model == "llama":
        from shared.compose.llama import open_llama

        return open_llama(settings, extractive)
    if settings.chat_model.startswith("langchain:"):
        from shared.chat_models.langchain import LangChainChat

        name = settings.chat_model.removeprefix("langchain:")
        return LangChainChat.open(name, max_tokens=settings.answer_tokens)
    return extractive


def open_smaller_model(settings: Settings, identity: "Identity | None") -> ChatModel | None:
    if settings.chat_model != "azure_openai" or not settings.azure_openai_fallback_deployment:
        return None
    return _azure_chat(settings, "AZURE_OPENAI_FALLBACK_DEPLOYMENT", identity)


def _azure_chat(settings: Settings, deployment_setting: str, identity: "Identity | None") -> ChatModel:
    from shared.chat_models.azure_openai import AzureOpenAIChat

    return AzureOpenAIChat(
        endpoint=str(settings.azure_openai_endpoint),
        deployment=str(getattr(settings, field_name(deployment_setting))),
        api_version=settings.azure_openai_api_version,
        credential=value(settings.azure_openai_api_key) or required(identity),
        deployment_setting=deployment_setting,
    )
