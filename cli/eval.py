"""`rag eval`: what it takes, what it prints, and when it fails. Part of cli.main; `evals` does the work."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CommandError

if TYPE_CHECKING:
    from evals.evaluation import Options, Report
    from evals.run import Advance


def evaluate(
    dataset: Annotated[
        Path, typer.Argument(help="Folder in BEIR's layout or with ground_truth.jsonl; or a questions.jsonl.")
    ],
    *,
    documents: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of the documents, if not beside the questions.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask so many questions only.")] = None,
    top_k: Annotated[int, typer.Option(min=1, max=50, help="Passages that an answer is made from.")] = 8,
    rankings_only: Annotated[bool, typer.Option("--rankings-only", help="Answer nothing.")] = False,
    judge: Annotated[bool, typer.Option("--judge", help="Have the chat model grade the answers.")] = False,
    at_once: Annotated[int, typer.Option(min=1, help="Questions; times mean less beyond one.")] = 1,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep what is indexed, to go on.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare; exit code 1 on a significant fall.")
    ] = None,
    store_baseline: Annotated[
        bool, typer.Option("--store-baseline", help="Put the values into that file instead.")
    ] = False,
    rows: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="A row per question, answers and all.")
    ] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Print what was not found or said.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put the table into evals/RESULTS.md.")] = False,
) -> None:
    """Measure retrieval and answers over a labelled set, in the profile of the settings, beside live data."""
    if store_baseline and baseline is None:
        raise CommandError("--store-baseline needs the file: --baseline FILE")
    with _evals_at_hand():
        from evals.evaluation import Options

        options = Options(
            top_k=top_k, at_once=at_once, with_answers=not rankings_only, with_judge=judge, keep=keep
        )
        report = _measured(dataset, documents, limit, options)
        _print(report, rows=rows, with_failures=failures, is_written=write)
        if baseline is not None:
            _store(report, baseline) if store_baseline else _compare(report, baseline)


@contextmanager
def _evals_at_hand() -> Iterator[None]:
    """Errors: `CommandError` for a dataset that cannot be read, and where the folder evals/ is missing."""
    try:
        from evals.question_rows import DatasetError
    except ModuleNotFoundError as error:
        raise CommandError("rag eval needs the folder evals/; run it in a checkout of the project") from error
    try:
        yield
    except DatasetError as error:
        raise CommandError(str(error)) from error


def _measured(path: Path, documents: Path | None, limit: int | None, options: "Options") -> "Report":
    import asyncio

    from evals.datasets import read_dataset
    from evals.evaluation import evaluate as measure
    from shared.settings import read_settings

    dataset = read_dataset(path, documents=documents).limited(limit)
    return asyncio.run(measure(dataset, read_settings(), options, progress=_progress))


@contextmanager
def _progress(doing: str, pieces: int, size: int) -> "Iterator[Advance]":
    from rich.console import Console

    from cli.progress import Work

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Work(console, doing, files=pieces, size=size) as work:
        yield work.advance


def _print(report: "Report", *, rows: Path | None, with_failures: bool, is_written: bool) -> None:
    from evals import report as told

    table = told.markdown(report)
    typer.echo(table)
    if with_failures:
        typer.echo(f"\n{told.failures(report)}")
    if rows is not None:
        lines = (json.dumps(row, ensure_ascii=False) for row in told.rows(report))
        rows.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if is_written:
        told.write(report, table)


def _store(report: "Report", file: Path) -> None:
    """Errors: `CommandError` where something else than quality shows in the values."""
    from evals import baseline
    from evals.report import troubles

    if said := troubles(report):
        raise CommandError(f"not stored, since {said[0]}")
    baseline.store(report, file)
    typer.echo(f"\nstored as {file}")


def _compare(report: "Report", file: Path) -> None:
    """Errors: `CommandError`, also where there is nothing to compare with."""
    from evals import baseline

    stored = baseline.load(file)
    if reason := baseline.incomparable(report, stored):
        raise CommandError(f"not compared: {file} is of {reason}; --store-baseline makes it anew")
    found = baseline.differences(report, stored)
    typer.echo(f"\n{baseline.told(found, stored, report)}")
    if fallen := [each.measure for each in found if each.is_fall]:
        raise CommandError(f"significantly lower than {file}: {', '.join(fallen)}")
