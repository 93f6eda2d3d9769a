"""What an hour of steady use leaves behind: `python -m bench.soak --minutes 60`.

A real `rag serve` of the local profile with `minilm` is used as people do (load.py), gently, at a steady
rate. Every half minute its memory, threads, open files and data folder are looked at.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.results import replace_section, store_result
from bench.soak.load import SEED, MixedLoad
from bench.soak.sizes import WARM_UP, Sizes, growth, sizes
from cli.weights import prepare
from tests.real_host import RealHost

_ROOT = Path(__file__).resolve().parents[2]
# Limits are kept count of, and never reached.
_COUNTED = {"RAG_REQUESTS_PER_MINUTE": "1000000", "RAG_REQUESTS_PER_MINUTE_ADDRESS": "1000000"}
_SHOWN = {
    "rss": "host, memory (RSS), MiB",
    "unshared": "host, memory of its own (USS), MiB",
    "children_unshared": "its children, memory of their own, MiB",
    "children": "children",
    "files": "open files",
    "threads": "threads",
    "data": "data folder, MiB",
}


def soak(host: RealHost, load: MixedLoad, *, minutes: float, rate: float, every: float) -> list[Sizes]:
    """One thing at a time, each at its moment; what is late delays nothing that comes later."""
    began = time.monotonic()
    samples: list[Sizes] = []
    step = 0
    while (passed := time.monotonic() - began) < minutes * 60 or not samples:
        if passed >= len(samples) * every:
            samples.append(sizes(host.process.pid, host.data, minutes=passed / 60))
            print(samples[-1], dict(load.failed), flush=True)
        load.step()
        step = max(step + 1, int((time.monotonic() - began) * rate))
        time.sleep(max(0.0, began + step / rate - time.monotonic()))
    samples.append(sizes(host.process.pid, host.data, minutes=minutes))
    return samples


def report(samples: Sequence[Sizes], done: Counter[str], failed: Counter[str]) -> str:
    minutes = [each.minutes for each in samples]
    things = sum(done.values())
    late = next(each for each in samples if each.minutes >= minutes[-1] * WARM_UP)
    hours = minutes[-1] / 60
    lines = []
    for name, title in _SHOWN.items():
        values = [getattr(each, name) for each in samples]
        slope = growth(minutes, values)
        lines.append(
            f"| {title} | {values[0]:.0f} | {getattr(late, name):.0f} | {values[-1]:.0f} | {max(values):.0f} "
            f"| {slope:+.2f} | {1000 * slope * hours / things:+.3f} |"
        )
    mix = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.most_common())
    trouble = ", ".join(f"{count} × {what}" for what, count in failed.items()) or "none"
    cpu = (samples[-1].cpu - samples[0].cpu) / 60 / (minutes[-1] - minutes[0])
    return f"""## Hours of use: `python -m bench.soak`

{things:,} things done in {minutes[-1]:.0f} minutes to a host of the local profile with `minilm`, which took
{cpu:.0%} of a core. *Growth* is the median slope between any two of {len(samples)} samples after the first
{WARM_UP:.0%} of the time (Theil and Sen); documents, accounts and conversations do not become more.

| | at first | after {late.minutes:.0f} min | at the end | at most | growth per hour | … per 1,000 things |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}

Done: {mix}. Answers other than expected: {trouble}.

![The same as curves](plots/soak.svg)"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=1.0, help="things done a second")
    parser.add_argument("--every", type=float, default=30.0, help="seconds from sample to sample")
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    options = parser.parse_args()
    models = prepare("minilm", _ROOT / ".cache/models", report=print)
    with (
        tempfile.TemporaryDirectory() as folder,
        RealHost(Path(folder) / "data", models=models, environment=_COUNTED) as host,
    ):
        load = MixedLoad(host)
        load.prepare()
        samples = soak(host, load, minutes=options.minutes, rate=options.rate, every=options.every)
        load.close()
    section = report(samples, load.done, load.failed)
    print(section)
    if not options.dry:
        packages = ("fastapi", "uvicorn", "onnxruntime", "tantivy")
        replace_section("soak", section, packages=packages)
        series = {name: [getattr(each, name) for each in samples] for name in asdict(samples[0])}
        store_result(
            "soak", series | {"done": load.done, "failed": load.failed}, seed=SEED, packages=packages
        )


if __name__ == "__main__":
    main()
