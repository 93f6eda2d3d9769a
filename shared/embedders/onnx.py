"""`OnnxEmbedder`: sentence embeddings on this machine's CPU, from weights that cli.weights prepared.

Built by compose for `RAG_EMBEDDER=minilm` and `e5`. docs/adr/0002-local-embedder.md has the measurements.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.domain import Embedding
from shared.embedders.model_folder import read_card
from shared.embedders.worker import PriorityWorker, Urgency

if TYPE_CHECKING:
    from shared.embedders.onnx_model import OnnxModel

# What runs at once, and a question may have to wait for: some 250 tokens, for in any script a token is four
# bytes of UTF-8 or more. They take 50 ms (minilm) or 110 ms (e5) of a core. Larger batches are slower, and so
# are short texts one by one.
BATCH_BYTES = 1_000


class OnnxEmbedder:
    """One model in one thread; queries go ahead of waiting passages.

    The model is loaded by the first text: 0.1 s (minilm) or 0.6 s (e5). `threads` are onnxruntime's.
    `ConfigError` at once if the folder has no complete model, with the first text if a file is damaged.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._folder = folder
        self._threads = threads
        self._card = read_card(folder)
        self._worker = PriorityWorker(f"embed-{self._card.name}")
        self._model: OnnxModel | None = None  # the worker's alone

    @property
    def name(self) -> str:
        return self._card.name

    @property
    def dimension(self) -> int:
        return self._card.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        batches = _batches(texts)
        prefixed = [[self._card.passage_prefix + texts[index] for index in batch] for batch in batches]
        urgency = Urgency.QUESTION if urgent else Urgency.INGESTION
        jobs = [
            asyncio.wrap_future(self._worker.submit(urgency, partial(self._embed, batch)))
            for batch in prefixed
        ]
        try:
            finished = await asyncio.gather(*jobs)
        finally:
            for job in jobs:  # after an error or a cancellation the rest would be work for nobody
                job.cancel()
        by_index = {
            index: embedding
            for batch, embeddings in zip(batches, finished, strict=True)
            for index, embedding in zip(batch, embeddings, strict=True)
        }
        return [by_index[index] for index in range(len(texts))]

    async def embed_query(self, text: str) -> Embedding:
        prefixed = [self._card.query_prefix + text]
        job = self._worker.submit(Urgency.QUESTION, partial(self._embed, prefixed))
        return (await asyncio.wrap_future(job))[0]

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.close)
        if self._model is not None:
            self._model.close()

    def _embed(self, texts: list[str]) -> list[Embedding]:
        if self._model is None:
            # onnxruntime's import takes 0.2 s: paid by who embeds, and off the event loop.
            from shared.embedders.onnx_model import OnnxModel  # noqa: PLC0415

            self._model = OnnxModel(self._folder, self._card, threads=self._threads)
        return self._model.embed(texts)


def _batches(texts: Sequence[str]) -> list[list[int]]:
    """Indexes of texts, those of like length together, for what pads a text costs as much as the text."""
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in texts]
    batches: list[list[int]] = []
    for index in sorted(range(len(texts)), key=sizes.__getitem__):
        if batches and (len(batches[-1]) + 1) * sizes[index] <= BATCH_BYTES:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
