"""One measurement from end to end: fill, ask, score. Called by `rag eval`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from evals.datasets import ROOT, Dataset, read
from evals.isolation import Isolated, isolated
from evals.judge import judge_of, judged
from evals.run import Advance, ask_all, fill
from evals.scores import Outcome
from shared.domain import Question
from shared.errors import BackendUnavailable
from shared.settings import Settings

EMBEDDINGS = ROOT / ".cache" / "evals" / "embeddings.db"

# Shows work of so many pieces, and of so many bytes or questions altogether, under that name.
Progress = Callable[[str, int, int], AbstractContextManager[Advance]]


@dataclass(frozen=True, kw_only=True)
class Options:
    """`embeddings`: where they are kept from one run to the next; None: nowhere."""

    top_k: int = Question(text="").top_k
    at_once: int = 1
    with_answers: bool = True
    with_judge: bool = False
    keep: Path | None = None
    embeddings: Path | None = EMBEDDINGS


@dataclass(frozen=True, kw_only=True)
class Report:
    dataset: Dataset
    passages: int
    embedder: str
    model: str
    options: Options
    outcomes: tuple[Outcome, ...]
    failures: dict[str, str]  # documents that could not be indexed, and why


async def evaluate(dataset: Dataset, settings: Settings, options: Options, *, progress: Progress) -> Report:
    """Errors: `ConfigError`, and `BackendUnavailable` where no document at all can be indexed."""
    async with isolated(settings, keep=options.keep, embeddings=options.embeddings) as place:
        if options.with_judge:
            async with place.asking() as services:
                judge_of(services)  # or say at once that there is none
        failures = await _fill(dataset, place, progress)
        async with place.asking() as services:
            live = await services.shelf.live()
            await live.embedder.embed_query("warm up")  # or the first question would wait for the model
            with progress("asking", len(dataset.questions), len(dataset.questions)) as advance:
                outcomes = await ask_all(
                    dataset,
                    services,
                    top_k=options.top_k,
                    at_once=options.at_once,
                    with_answers=options.with_answers,
                    advance=advance,
                )
            if options.with_judge:
                with progress("judging", len(outcomes), len(outcomes)) as advance:
                    outcomes = await judged(outcomes, judge_of(services), advance=advance)
            return Report(
                dataset=dataset,
                passages=await live.search_index.count(),
                embedder=live.version.embedder,
                model=services.chat_model.name,
                options=options,
                outcomes=tuple(outcomes),
                failures=failures,
            )


async def _fill(dataset: Dataset, place: Isolated, progress: Progress) -> dict[str, str]:
    size = sum(len(read(content)) for content in dataset.documents.values())
    async with place.filling() as services:
        with progress("indexing", len(dataset.documents), size) as advance:
            failures = await fill(dataset, services, advance=advance)
    if failures and len(failures) == len(dataset.documents):
        raise BackendUnavailable(f"no document could be indexed: {next(iter(failures.values()))}")
    return failures
