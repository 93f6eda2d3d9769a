"""What the OpenAI stand-in embeds: words, hashed into a vector. Texts that share words are near."""

import array
import base64
import hashlib
import math
import re
from typing import Any

from tests.stand_ins.openai_behaviour import Behaviour
from tests.stand_ins.openai_refusals import Refused

_MOST_INPUTS = 2048
_TOKEN = re.compile(r"\w{1,4}|[^\w\s]")  # roughly


def embeddings(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """Errors: `Refused`, as the service does."""
    inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if not inputs or len(inputs) > _MOST_INPUTS or not all(isinstance(text, str) and text for text in inputs):
        raise Refused(400, "'$.input' is invalid. Please check the API reference.")
    sizes = [count_tokens(text) for text in inputs]
    if max(sizes) > behaviour.embedding_tokens:
        raise Refused(
            400,
            f"This model's maximum context length is {behaviour.embedding_tokens} tokens, however you "
            f"requested {max(sizes)} tokens. Please reduce your prompt; or completion length.",
        )
    dimension = body.get("dimensions", behaviour.dimension)
    if not 1 <= dimension <= behaviour.dimension:
        raise Refused(400, f"Invalid value for 'dimensions': this model has {behaviour.dimension}")
    vectors = [_vector(text, dimension) for text in inputs]
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, body.get("encoding_format"))}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": sum(sizes), "total_tokens": sum(sizes)}
    return {"object": "list", "model": str(body.get("model")), "data": data, "usage": usage}


def count_tokens(text: str) -> int:
    return len(_TOKEN.findall(text))


def _encoded(vector: list[float], encoding: str | None) -> list[float] | str:
    return base64.b64encode(array.array("f", vector).tobytes()).decode() if encoding == "base64" else vector


def _vector(text: str, dimension: int) -> list[float]:
    vector = [0.0] * dimension
    for word in re.findall(r"\w+", text.casefold()) or [text]:
        digest = hashlib.sha256(word[:7].encode()).digest()  # without most endings
        sign = 1 if digest[4] % 2 else -1  # so that unlike words that meet do not look alike
        vector[int.from_bytes(digest[:4], "big") % dimension] += sign * min(
            len(word), 8
        )  # short ones say little
    length = math.hypot(*vector)
    return [value / length for value in vector] if length else [1.0, *vector[1:]]
