"""BERT's tokenizer, which minilm was trained with. Used by shared.embedders.onnx_model."""

from pathlib import Path

from tokenizers import Tokenizer


class WordPieceTokenizer:
    def __init__(self, file: Path, *, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.enable_truncation(max_tokens)

    def encode(self, text: str) -> list[int]:
        """At most `max_tokens` ids, the model's own marks at both ends included."""
        return self._tokenizer.encode(text).ids
