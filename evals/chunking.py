"""What passages and their embedding should be like: `python -m evals.chunking` writes its section of
evals/RESULTS.md.

Sizes, overlap, what stands in front of a passage, and int8 against float32 weights, each alone; on our
samples and northwind, where it is there: their sources are pages, so that passages of any size compare.
"""

# ruff: noqa: SLF001  # float32 weights are made by taking the int8 product out of the graph

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bench.results import replace_section
from cli.weights import graph, prepare
from evals.filled_index import DEFAULT_CUT, Cut, cached_embedder, filled
from evals.libraries import ROOT, Library, libraries
from evals.retrieval import DEFAULT, RESULTS, Values, asked, table
from shared.embedders.base import Embedder

_CACHE = ROOT / ".cache" / "evals"
_SETS = ("samples", "northwind")


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    cut: Cut = DEFAULT_CUT
    is_float32: bool = False


VARIANTS = (
    Variant(name=DEFAULT.name),
    Variant(name="450 characters", cut=Cut(chars=450, overlap=60)),
    Variant(name="650 characters", cut=Cut(chars=650)),
    Variant(name="1,350 characters", cut=Cut(chars=1_350)),
    Variant(name="no overlap", cut=Cut(overlap=0)),
    Variant(name="overlap 240", cut=Cut(overlap=240)),
    Variant(name="without headings", cut=Cut(has_headings=False)),
    Variant(name="without titles", cut=Cut(has_title=False)),
    Variant(name="float32 weights", is_float32=True),
)


async def main(embedder_name: str) -> None:
    _CACHE.mkdir(parents=True, exist_ok=True)
    tables = []
    for library in libraries():
        if library.name not in _SETS:
            continue
        found, chunks = {}, 0
        for variant in VARIANTS:
            async with opened(embedder_name, is_float32=variant.is_float32) as embedder:
                found[variant.name], count = await measured(variant.cut, library, embedder)
            chunks = chunks or count
        tables.append(table(library, chunks, found))
        print(tables[-1], flush=True)
    replace_section(f"passages with {embedder_name}", "\n\n".join(tables), results=RESULTS)


async def measured(cut: Cut, library: Library, embedder: Embedder) -> tuple[Values, int]:
    """Its values, and how many passages there are."""
    with tempfile.TemporaryDirectory() as folder:
        async with filled(library, embedder, Path(folder), cut) as there:
            return await asked(DEFAULT, library, there), there.chunks


@asynccontextmanager
async def opened(name: str, *, is_float32: bool) -> AsyncIterator[Embedder]:
    models, cache = ROOT / ".cache" / "models", _CACHE / "embeddings.db"
    if is_float32:
        models, cache = _CACHE / "float32", _CACHE / "float32.db"
        if not (models / name).exists():
            with patch.object(graph._Graph, "_matmul", float_product):
                await asyncio.to_thread(prepare, name, models, report=print)
    async with cached_embedder(models, name, cache) as embedder:
        yield embedder


def float_product(
    made: graph._Graph, hidden: str, weight: graph.Floats, bias: graph.Floats, name: str
) -> str:
    """In place of the int8 product."""
    product = made._add("MatMul", [hidden, made._constant(f"{name}.weight", weight.T.copy())])
    return made._add("Add", [product, made._constant(f"{name}.bias", bias)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", choices=("e5", "minilm"), default="e5")
    asyncio.run(main(parser.parse_args().embedder))
