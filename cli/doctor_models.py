"""The checks of `rag doctor` on the models: the embedder, and those that answer."""

import math
import time
from contextlib import aclosing

from cli.doctor_findings import Check, fail, ok, warn
from shared.chat_models.base import ChatModel
from shared.domain import Chunk, Embedding, Passage
from shared.embedders.base import Embedder
from shared.query.prompt import build

_SENTENCE = "The notice period of the lease is six months."
_QUESTION = "How long is the notice period of the lease?"
_LENGTH_ERROR = 0.01  # of a unit length
_CHAT_SECONDS = 30.0
_ANSWER_TOKENS = 800  # a model that thinks before it speaks needs room for it
_PASSAGE = Passage(
    marker=1,
    chunk=Chunk(
        id="doctor.1.0",
        document_id="doctor",
        version=1,
        ordinal=0,
        page=1,
        title="rag doctor",
        heading="",
        content=_SENTENCE,
    ),
    document_name="lease.txt",
    page_kind="page",
    score=1.0,
)


async def check_embedder(embedder: Embedder) -> Check:
    started = time.monotonic()
    passages = await embedder.embed_passages([_SENTENCE], urgent=True)
    first = time.monotonic()
    query = await embedder.embed_query(_QUESTION)
    last = time.monotonic()
    for embedding in (*passages, query):
        if fault := _fault_of(embedding, embedder.dimension):
            yield fail(f"{embedder.name} {fault}")
            return
    took = f"first text {(first - started) * 1000:.0f} ms, question {(last - first) * 1000:.0f} ms"
    yield ok(f"{embedder.name}: {embedder.dimension} numbers of unit length; {took}")


async def check_chat_model(model: ChatModel) -> Check:
    prompt = build(
        _QUESTION, [_PASSAGE], (), context_tokens=200, answer_tokens=_ANSWER_TOKENS, count_tokens=len
    )
    text, first, started = "", None, time.monotonic()
    async with aclosing(model.stream(prompt, timeout=_CHAT_SECONDS)) as stream:
        async for delta in stream:
            text += delta.text
            if text and first is None:
                first = time.monotonic() - started
    if first is None:
        yield fail(f"{model.name} answers with nothing; is it a chat model?")
        return
    took = f"first word after {first * 1000:.0f} ms, all after {(time.monotonic() - started) * 1000:.0f} ms"
    if "[1]" in text:
        yield ok(f"{model.name}: {took}")
    else:
        yield warn(f"{model.name} does not cite its passage ({took}); choose a model that does")


def _fault_of(embedding: Embedding, dimension: int) -> str | None:
    if len(embedding) != dimension:
        return f"makes {len(embedding)} numbers where {dimension} are expected; check its dimension"
    length = math.sqrt(sum(value * value for value in embedding))
    if not abs(length - 1) <= _LENGTH_ERROR:  # a NaN is no length either
        return f"makes embeddings of length {length:g} instead of 1; choose another model"
    return None
