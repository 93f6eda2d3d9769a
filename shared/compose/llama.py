"""The loader of the local language model. Called by compose.models."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from shared.chat_models.base import ChatModel
from shared.errors import ConfigError
from shared.settings import Settings

SMALL_MODEL = "smollm2-135m-instruct"


def small_model(settings: Settings) -> Path:
    """Where `rag weights` puts the model that comes with the project."""
    return settings.models / SMALL_MODEL / "model.gguf"


def open_llama(settings: Settings, quoting: ChatModel) -> ChatModel:
    """Errors: `ConfigError` where its runtime or its weights are missing."""
    from shared.chat_models.llama import LlamaChat
    from shared.chat_models.llama_process import LlamaProcess

    if find_spec("xllamacpp") is None:
        raise ConfigError(
            "RAG_CHAT_MODEL=llama needs the package xllamacpp: start with `make up MODEL=local`, or "
            f"install it: {sys.executable} -m pip install --require-hashes -r requirements-llm.txt"
        )
    own = settings.local_llm_gguf
    model = own or small_model(settings)
    if not model.is_file():
        cure = "check LOCAL_LLM_GGUF" if own else "run `make up MODEL=local` or `rag weights` to prepare it"
        raise ConfigError(f"no language model at {model}; {cure}")
    threads = settings.local_llm_threads or max(1, (os.cpu_count() or 2) - 1)
    return LlamaChat(
        LlamaProcess(model.resolve(), window=settings.local_llm_context, threads=threads),
        name=own.stem if own else SMALL_MODEL,
        window=settings.local_llm_context,
        quoting=quoting,
        reads_quotations=own is None,
    )
