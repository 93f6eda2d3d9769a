"""The folder of one prepared embedding model, and its card `model.json`.

Written by cli.weights, read by shared.embedders.onnx.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from shared.errors import ConfigError

FORMAT = 3  # raise it with every change of what a folder holds: older ones are then prepared anew
CARD_FILE = "model.json"
REPAIR = "run `make up` or `rag weights` to prepare it"


TokenizerKind = Literal["word_piece", "unigram"]
TOKENIZER_FILES: Mapping[TokenizerKind, str] = {"word_piece": "tokenizer.json", "unigram": "unigram.model"}


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a model is and how its texts are prepared; `files` has the sha256 of every other file."""

    format: int
    name: str
    source: str  # the package that carried the weights
    licence: str
    dimension: int
    max_tokens: int
    pad_id: int
    tokenizer: TokenizerKind
    query_prefix: str
    passage_prefix: str
    pooling: Literal["mean"]
    files: dict[str, str]


def read_card(folder: Path) -> ModelCard:
    """`ConfigError` where there is no prepared model, without looking into the other files."""
    try:
        fields = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if isinstance(fields, dict) and fields.get("format") != FORMAT:
            raise ConfigError(f"{folder} was prepared by another release; {REPAIR}")
        card = ModelCard(**fields)
    except FileNotFoundError as error:
        raise ConfigError(f"no embedding model in {folder}; {REPAIR}") from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"unreadable {folder / CARD_FILE}; {REPAIR}") from error
    for name in card.files:
        if not (folder / name).is_file():
            raise ConfigError(f"embedding model incomplete: no {folder / name}; {REPAIR}")
    return card


def write_card(card: ModelCard, folder: Path) -> None:
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False, sort_keys=True)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def verify(card: ModelCard, folder: Path) -> None:
    """`ConfigError` unless every file has the content that the card promises. About 1 ms per MB."""
    for name, expected in card.files.items():
        if sha256_of(folder / name) != expected:
            raise ConfigError(f"embedding model damaged: {folder / name} has changed; {REPAIR}")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
