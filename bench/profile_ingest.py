"""What ingestion spends its time on. Run by `python -m bench.profile ingest`.

Three times: many small notes, whose embeddings are made up in no time; the samples and real PDFs, where those
are beside the project, with the default embedder; and the embedder alone, by the operators of its graph. The
first two run in a process of their own, this very module, that looks at itself.
"""

import asyncio
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bench.ingest_corpus import copy, find, in_parallel
from bench.ingest_memory import with_hashing, write_notes
from bench.profile import Groups, Profile, Section, sorted_out
from bench.query_host.sampling import Sampler
from host.memory import share_arenas
from host.options import read_host_json
from shared.compose import open_services
from shared.embedders.model_folder import read_card
from shared.embedders.onnx_model import session_options
from shared.ingest import pipeline
from shared.settings import read_settings

ROOT = Path(__file__).parents[1]
PARALLEL = read_host_json(ROOT / "host.json").queues.batch_size
DOCUMENTS = [ROOT / "samples", ROOT / "../shared/data/documents", ROOT / "../shared/data/northwind"]
_FILES = 200
_CHUNKS, _TOKENS = 32, 192  # 800 characters of English
_TOLD = {
    "notes": "Notes of 120 words one after the other, embeddings from a stand-in that takes no time;",
    "documents": "The samples and real documents one after the other, the default embedder;",
}

GROUPS: Groups = (
    ("BM25 index", r"search_indexes/embedded_text"),
    ("SQLite: passages", r"search_indexes/"),
    ("SQLite: documents", r"shared/metadata_stores/|shared/shelf"),
    ("SQLite: the cache of embeddings", r"shared/caches/|embedders/cached"),
    ("embedding", r"shared/embedders/|onnxruntime/|ingest_memory"),
    ("asking for a parse", r"ingest/parse/"),
    ("chunking", r"ingest/chunk"),
    ("copying and hashing the blob", r"blob_stores/|_sha256|hashlib"),
    ("logging and metrics", r"\(logging/|telemetry/|prometheus_client/"),
    ("the pipeline's head", r"shared/ingest/|bench/"),
    ("handing work to threads", r"sqlite_file|concurrent/futures|threading\.py|asyncio/threads"),
    ("the event loop", r"asyncio/|selectors\.py"),
)


def sections(seconds: float) -> Iterator[tuple[str, Section]]:
    for key, told in _TOLD.items():
        done, profile = _watched(key, seconds)
        yield (
            key,
            Section(
                title=f"## Profile of ingestion, {key}: `python -m bench.profile ingest`",
                told=f"{told} {PARALLEL} at a time; {done:,} ingested. {largest(profile)}",
                unit="document",
                done=done,
                profile=profile,
            ),
        )
    yield "embedding", _operators()


def _watched(key: str, seconds: float) -> tuple[int, Profile]:
    command = [sys.executable, "-m", "bench.profile_ingest", key, str(seconds)]
    seen = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    counted, threads = sorted_out(seen["stacks"], GROUPS), Counter(seen["threads"])
    total = sum(counted.values())
    return seen["done"], Profile(
        threads=dict(threads.most_common()),
        groups={name: spent / total for name, spent in counted.most_common()},
    )


def largest(profile: Profile) -> str:
    total = sum(profile.threads.values())
    three = [f"{name} ({spent / total:.0%})" for name, spent in list(profile.threads.items())[:3]]
    return f"Of all processor time most went to {', '.join(three)}."


def _operators() -> Section:
    """Of one chunk after the other; the times are onnxruntime's own, without what is around the graph."""
    settings = read_settings()
    folder = settings.models / settings.embedder
    shape = (1, _TOKENS, read_card(folder).dimension)
    inputs = {
        "tokens": np.random.default_rng(1).standard_normal(shape, np.float32),
        "attention_mask": np.ones(shape[:2], np.int64),
    }
    with tempfile.TemporaryDirectory() as scratch:
        options = session_options(1)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(scratch) / "operators")
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        for _ in range(_CHUNKS):
            session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[operator_name(event["args"])] += event["dur"]
    total = sum(spent.values())
    shares = {name: microseconds / total for name, microseconds in spent.most_common()}
    return Section(
        title="## Profile of ingestion, the embedder alone: `python -m bench.profile ingest`",
        told=f"`{settings.embedder}`, {_CHUNKS} chunks of {_TOKENS} tokens, onnxruntime's own times.",
        unit="chunk",
        done=_CHUNKS,
        profile=Profile(threads={"graph": total / 1e6}, groups=shares),
    )


def operator_name(told: dict[str, Any]) -> str:
    """A product of matrices with the shape of its weights, which are its second input."""
    name = str(told["op_name"])
    if "MatMul" not in name:
        return name
    (shape,) = told["input_type_shape"][0].values()
    (output,) = told["output_type_shape"][0].values()
    return f"{name} {shape[-1]} × {output[-1]}"


async def _ingest(key: str, seconds: float) -> dict[str, Any]:
    """What `Sampler.stop` tells of so many seconds, and how many documents they were for."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = read_settings(data=Path(scratch))
        services, folder = await open_services(settings), settings.data / "uploads/shared"
        if key == "notes":
            services, names = await with_hashing(services, settings), write_notes(folder)
        else:
            names = iter(copy(find(DOCUMENTS, _FILES), folder))
        await pipeline.ingest(next(names), services)  # loads everything
        await services.parsers.close()  # only what has ended is counted
        sampler, done = Sampler(), itertools.count()

        async def ingest(name: str) -> None:
            await pipeline.ingest(name, services)
            next(done)

        parsing = _of_children()
        sampler.start()
        ends = time.monotonic() + seconds
        timely = itertools.takewhile(lambda _: time.monotonic() < ends, names)
        await in_parallel((ingest(name) for name in timely), PARALLEL)
        seen = sampler.stop()
        await services.close()
    seen["threads"]["parsing, in children"] = _of_children() - parsing
    return {"done": next(done), **seen}


def _of_children() -> float:
    """Seconds of processor time of those that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    share_arenas()  # as the host does
    print(json.dumps(asyncio.run(_ingest(sys.argv[1], float(sys.argv[2])))))
