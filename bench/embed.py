"""Speed and memory of the local embedders: `python -m bench.embed` writes its section of RESULTS.md.

Each model is measured in a process of its own, with one thread, so that memory and CPU time are its own.
All times are CPU time of the process, which holds on a busy machine too: a query that waits counts the
work done before its own. Memory is read from /proc, so this runs on Linux.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.results import publish
from cli.weights import prepare
from shared.embedders.onnx import OnnxEmbedder

MODELS = ("minilm", "e5")
CACHE = Path(__file__).parents[1] / ".cache/models"
CHUNKS = 64
QUERIES = 40
PARAGRAPH = (
    "The river police of the old town keep {} boats, and every boat has a log in which the crew writes down "
    "the hour, the weather and whatever was found in the water. Lost goods are kept for ninety days in "
    "room {}; whoever can describe them well may take them home against a signature and a small fee. "
)


def main() -> None:
    rows = []
    for model in MODELS:
        prepare(model, CACHE, report=print)
        done = subprocess.run(
            [sys.executable, "-m", "bench.embed", model], capture_output=True, text=True, check=True
        )
        figures = json.loads(done.stdout)
        rows.append(
            f"| `{model}` | {figures['load']:.2f} s | {figures['chunks']:.1f} | {figures['query']:.1f} ms "
            f"| {figures['wait']:.0f} ms | {figures['RssAnon']:.0f} MB | {figures['VmRSS']:.0f} MB "
            f"| {figures['VmHWM']:.0f} MB |"
        )
    table = "\n".join(rows)
    publish(
        "embed",
        f"""## Local embedders (`python -m bench.embed`)

| model | loading | chunks of 800 characters per CPU second | query of 9 words, p50 | the same while \
{CHUNKS} chunks wait, p50 | memory of its own | with mapped files | at its peak |
|---|---|---|---|---|---|---|---|
{table}""",
        packages=("onnxruntime", "tokenizers", "sentencepiece"),
    )
    print(table)


async def measure(model: str) -> dict[str, float]:
    embedder = OnnxEmbedder(CACHE / model, threads=1)
    started = time.process_time()
    await embedder.embed_query("load")
    load = time.process_time() - started
    chunks = [(PARAGRAPH.format(number, number * 7) * 3)[:800] for number in range(CHUNKS)]
    started = time.process_time()
    await embedder.embed_passages(chunks)
    passages = time.process_time() - started
    alone = [await _timed_query(embedder, number) for number in range(QUERIES)]
    ingestion = asyncio.create_task(embedder.embed_passages(chunks))
    waited: list[float] = []
    await asyncio.sleep(0)  # the chunks queue up first
    while not ingestion.done():
        waited.append(await _timed_query(embedder, len(waited)))
        await asyncio.sleep(0.2)  # and a batch can begin between two questions
    await ingestion
    await embedder.close()
    return {
        "load": load,
        "chunks": CHUNKS / passages,
        "query": median(alone) * 1_000,
        "wait": median(waited) * 1_000,
        **_memory(),
    }


def _memory() -> dict[str, float]:
    """Of this process, in MB: of its own, with mapped files, and that at its peak."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return {
        name: int(kilobytes) / 1024
        for name, kilobytes in re.findall(r"^(RssAnon|VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE)
    }


async def _timed_query(embedder: OnnxEmbedder, number: int) -> float:
    started = time.process_time()
    await embedder.embed_query(f"How long does room {number} keep the lost goods?")
    return time.process_time() - started


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(measure(sys.argv[1]))))
    else:
        main()
