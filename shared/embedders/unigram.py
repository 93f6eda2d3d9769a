"""XLM-RoBERTa's tokenizer, which e5 was trained with. Used by shared.embedders.onnx_model.

sentencepiece takes 55 MB for its 250,000 pieces, the tokenizers library 280 MB.
"""

import re
import unicodedata
from pathlib import Path

from sentencepiece import SentencePieceProcessor

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class UnigramTokenizer:
    def __init__(self, file: Path, *, max_tokens: int) -> None:
        self._pieces = SentencePieceProcessor(model_file=str(file))
        self._begin, self._end = self._pieces.bos_id(), self._pieces.eos_id()
        self._room = max_tokens - 2

    def encode(self, text: str) -> list[int]:
        """At most `max_tokens` ids, the model's own marks at both ends included."""
        folded = _BLANK.sub(" ", unicodedata.normalize("NFKC", text)).strip()
        return [self._begin, *self._pieces.encode(folded)[: self._room], self._end]
