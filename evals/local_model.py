"""How the local model that comes with `make up MODEL=local` fares: `python -m evals.local_model`.

Prints the table of docs/local-model.md: the same questions, with the same passages, answered by quotations
and by the model, which reads the quotations or the passages. `--python`: an interpreter that has xllamacpp.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from evals.extractive import Remembering, measured
from evals.extractive_cases import Case, cases
from evals.filled_index import cached_embedder
from evals.libraries import ROOT
from evals.measures import mean
from shared.chat_models.base import ChatModel
from shared.chat_models.extractive import ExtractiveChatModel
from shared.chat_models.llama import LlamaChat
from shared.chat_models.llama_process import LlamaProcess
from shared.errors import Refused

_PATIENCE = 900.0  # seconds: the machine may be busy
_MEASURES = ("answered", "facts", "f1", "precision", "recall", "near")


@dataclass(frozen=True, kw_only=True)
class Answered:
    values: dict[str, float]
    cpu: float  # seconds of the model's process
    first: float | None  # seconds to the first sentence
    tokens: int
    is_own: bool  # whether anything that the model wrote was carried


async def main(model: Path, *, python: str, every: int, show: bool) -> None:
    kept = ROOT / ".cache" / "evals"
    kept.mkdir(parents=True, exist_ok=True)
    async with cached_embedder(ROOT / ".cache" / "models", "e5", kept / "embeddings.db") as embedder:
        every_case = [case async for case in cases(embedder) if case.library == "samples"]
        asked = [case for case in every_case if case.group == "answerable"][::every]
        asked += [case for case in every_case if case.group == "near"][::every]
        quoting = ExtractiveChatModel(Remembering(embedder))
        print(f"{len(asked)} questions\n\n| | {' | '.join(_MEASURES)} | own words | CPU s | to first |")
        print("|---" * (len(_MEASURES) + 4) + "|")
        _print_row(
            "quotations", [await _answered(case, quoting, quoting, lambda: 0.0, show=show) for case in asked]
        )
        for reads in ("quotations", "passages"):
            process = LlamaProcess(model, window=2048, threads=1, python=python)
            llama = LlamaChat(
                process, name="llama", window=2048, quoting=quoting, reads_quotations=reads == "quotations"
            )
            answers = [await _answered(case, llama, quoting, _cpu_of(process), show=show) for case in asked]
            await llama.close()
            _print_row(f"model that reads {reads}", answers)


def _cpu_of(process: LlamaProcess) -> Callable[[], float]:
    def cpu() -> float:
        if process.pid is None:
            return 0.0
        times = psutil.Process(process.pid).cpu_times()
        return float(times.user + times.system)

    return cpu


async def _answered(
    case: Case, model: ChatModel, instead: ChatModel, cpu: Callable[[], float], *, show: bool
) -> Answered:
    """By `instead` where the model says nothing that is carried, as for users."""
    text, tokens, first, is_own = "", 0, None, True
    started, spent = time.monotonic(), cpu()
    try:
        async for delta in model.stream(case.prompt, timeout=_PATIENCE):
            text += delta.text
            first = first or time.monotonic() - started
            tokens += delta.usage.completion_tokens if delta.usage else 0
    except Refused:
        is_own = False
        text = "".join([delta.text async for delta in instead.stream(case.prompt, timeout=_PATIENCE)])
    if show:
        print(f"  {case.question.text}\n    {text}\n    {case.question.truth or case.group}", file=sys.stderr)
    return Answered(values=measured(case, text), cpu=cpu() - spent, first=first, tokens=tokens, is_own=is_own)


def _print_row(name: str, answers: Sequence[Answered]) -> None:
    means = [[each.values[measure] for each in answers if measure in each.values] for measure in _MEASURES]
    cells = [f"{mean(each):.2f}" if each else "–" for each in means]
    firsts = [each.first for each in answers if each.first is not None]
    cells += [
        f"{mean([float(each.is_own) for each in answers]):.2f}",
        f"{mean([each.cpu for each in answers]):.1f}",
    ]
    print(f"| {name} | {' | '.join(cells)} | {mean(firsts):.1f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / ".cache/models/smollm2/model.gguf")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(given.model, python=given.python, every=given.every, show=given.show))
