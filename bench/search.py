"""Speed, recall and size of the embedded search index: `python -m bench.search --sizes 10000 100000 1000000`.

A row of the table stays until its size and kind of vectors are measured again, so that a million, which take
minutes, need not be measured with the rest. What is searched is made up (bench/passages.py).
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench.embedded_index import Row, measure
from bench.passages import DIMENSION, QUESTION_WORDS, SEED, WORDS, Corpus
from bench.results import read_result, replace_section, store_result

_PACKAGES = ("tantivy", "numkong", "numpy")
_COLUMNS = {
    "chunks": "{chunks:,}",
    "vectors": "{vectors}",
    "p50 ms": "{p50:.1f}",
    "p99 ms": "{p99:.1f}",
    "CPU ms": "{cpu:.1f}",
    "million instructions": "{millions}",
    "p50 half readable": "{p50_half:.1f}",
    "p50 1 % readable": "{p50_few:.1f}",
    "p99 1 % readable": "{p99_few:.1f}",
    "searches/s": "{per_second:.0f}",
    "16 at once: p50 ms": "{p50_16:.0f}",
    "p99 ms ": "{p99_16:.0f}",
    "searches/s ": "{per_second_16:.0f}",
    "recall@10": "{recall:.3f}",
    "build s": "{build_seconds:.0f}",
    "reopen s": "{reopen_seconds:.2f}",
    "memory MB": "{memory:.0f}",
    "disk MB": "{disk:.0f}",
    "measured": "{date}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument(
        "--vectors", nargs="+", choices=["clustered", "random"], default=["clustered", "random"]
    )
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    options = parser.parse_args()
    rows = {}
    for size in options.sizes:
        for kind in options.vectors:
            with tempfile.TemporaryDirectory() as folder:
                row = asyncio.run(measure(Corpus(size=size, kind=kind), Path(folder)))
            rows[size, kind] = row
            print(line(row), flush=True)
    if not options.dry:
        stored = read_result("search") or {"rows": []}
        kept = {(each["chunks"], each["vectors"]): Row(**each) for each in stored["rows"]}
        everything = [row for _, row in sorted((kept | rows).items())]
        store_result("search", {"rows": list(map(asdict, everything))}, seed=SEED, packages=_PACKAGES)
        replace_section("search", report(everything), packages=_PACKAGES)


def line(row: Row) -> str:
    millions = "–" if row.instructions is None else f"{row.instructions / 1e6:.1f}"
    cells = (form.format(**asdict(row), millions=millions) for form in _COLUMNS.values())
    return f"| {' | '.join(cells)} |"


def report(rows: Iterable[Row]) -> str:
    table = "\n".join(map(line, rows))
    return f"""## Embedded search index: `python -m bench.search`

One hybrid search of {QUESTION_WORDS} words with its vector ({DIMENSION} numbers) given, top 10 of chunks of
{WORDS} words; {Corpus.asked} searches. Memory is that of a process that only searches, after 50 of them. On a
machine with other work, read the CPU time: it is that of the whole process for one search at a time.
Instructions are counted where the processor's counters can be read.

| {" | ".join(map(str.strip, _COLUMNS))} |
|{"---|" * len(_COLUMNS)}
{table}

![The same as curves](plots/search.svg)"""


if __name__ == "__main__":
    main()
