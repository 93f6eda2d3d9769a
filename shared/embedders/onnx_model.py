"""One embedding model loaded into onnxruntime. Used by shared.embedders.onnx, from its one thread."""

from array import array
from pathlib import Path
from typing import Protocol

import numpy as np

from shared.domain import Embedding
from shared.embedders.model_folder import TOKENIZER_FILES, ModelCard, verify
from shared.embedders.onnx_engine import Fail, RuntimeException, onnxruntime
from shared.embedders.token_table import TABLE_FILE, TokenTable
from shared.errors import BackendUnavailable

# No model's token is longer than this on average over a whole text; cutting first keeps a text of many
# megabytes from being tokenised for the sake of its first lines.
CHARACTERS_PER_TOKEN = 16


class OnnxModel:
    """`ConfigError` if the folder is not what its card says."""

    def __init__(self, folder: Path, card: ModelCard, *, threads: int) -> None:
        verify(card, folder)
        self._card = card
        self._tokenizer = _open_tokenizer(card, folder)
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), session_options(threads), providers=["CPUExecutionProvider"]
        )
        self._table = TokenTable(folder / TABLE_FILE, card.dimension)

    def close(self) -> None:
        self._table.close()

    def embed(self, texts: list[str]) -> list[Embedding]:
        """One small batch, padded to its longest text."""
        tokens = [self._tokenizer.encode(self._readable(text)) for text in texts]
        shape = (len(tokens), max(len(ids) for ids in tokens))
        input_ids = np.full(shape, self._card.pad_id, np.int64)
        attention_mask = np.zeros(shape, np.int64)
        for row, ids in enumerate(tokens):
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        try:
            inputs = {"tokens": self._table.embeddings(input_ids), "attention_mask": attention_mask}
            (embeddings,) = self._session.run(["embedding"], inputs)
        except (Fail, RuntimeException) as error:
            raise BackendUnavailable(f"the embedding model failed (out of memory?): {error}") from error
        except OSError as error:
            raise BackendUnavailable(
                f"the embedding model cannot be read; check its disk: {error}"
            ) from error
        return [array("f", embedding.tobytes()) for embedding in embeddings]

    def _readable(self, text: str) -> str:
        cut = text[: self._card.max_tokens * CHARACTERS_PER_TOKEN]
        return cut.encode("utf-8", "replace").decode("utf-8")  # lone surrogates have no encoding


class _Tokenizer(Protocol):
    def encode(self, text: str) -> list[int]: ...


def _open_tokenizer(card: ModelCard, folder: Path) -> _Tokenizer:
    # Each is imported where it is needed: a model pays for one library, not for two.
    file = folder / TOKENIZER_FILES[card.tokenizer]
    if card.tokenizer == "unigram":
        from shared.embedders.unigram import UnigramTokenizer  # noqa: PLC0415

        return UnigramTokenizer(file, max_tokens=card.max_tokens)
    from shared.embedders.word_piece import WordPieceTokenizer  # noqa: PLC0415

    return WordPieceTokenizer(file, max_tokens=card.max_tokens)


def session_options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would burn the cores that the rest of the host needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Batches differ in shape: an arena keeps the largest of each for ever, and is no faster.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return options
