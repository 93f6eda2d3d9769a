"""What a measurement found, as Markdown and as rows to look at. Called by `rag eval`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bench.results import replace_section
from evals.datasets import ROOT
from evals.evaluation import Report
from evals.measures import bootstrap, mean, percentile
from evals.question_rows import Source
from evals.scores import QUALITY, Outcome, Reply


def markdown(report: Report) -> str:
    """A column for all questions and one for each type of them."""
    groups = _groups(report.outcomes)
    head = ["", *(f"{name} ({len(group)})" for name, group in groups.items())]
    rows = [_quality_row(measure, groups.values()) for measure in QUALITY]
    if report.options.with_answers:
        rows += [
            _row("total ms, p50 / p95", groups.values(), _total_ms),
            _row("tokens in / out, mean", groups.values(), _tokens),
        ]
    lines = [_heading(report), "", _line(head), "|---" * len(head) + "|"]
    lines += [_line(row) for row in rows if any(row[1:])]
    lines += ["", *_stages(report.outcomes)] if report.options.with_answers else []
    return "\n".join([*lines, *_warnings(report)]).rstrip()


def _groups(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    types = dict.fromkeys(outcome.question.type for outcome in outcomes)
    of_types = {name: [each for each in outcomes if each.question.type == name] for name in types}
    return {"all": list(outcomes)} | (of_types if len(types) > 1 else {})


def _heading(report: Report) -> str:
    dataset, options = report.dataset, report.options
    answers = f"answers by {report.model} from {options.top_k} passages"
    return (
        f"**{dataset.name}**: {len(dataset.documents):,} documents, {report.passages:,} passages, "
        f"{len(dataset.questions):,} questions; embedder {report.embedder}; "
        + (answers if options.with_answers else "rankings alone")
        + "; in brackets 95 % intervals"
    )


def _quality_row(measure: str, groups: Collection[list[Outcome]]) -> list[str]:
    def cell(group: list[Outcome]) -> str:
        values = [outcome.values[measure] for outcome in group if measure in outcome.values]
        return shown(values) if values else ""

    return [measure, *map(cell, groups)]


def shown(values: Sequence[float]) -> str:
    interval = bootstrap(values)
    return f"{mean(values):.3f} ({interval.low:.2f}–{interval.high:.2f})"


def _row(name: str, groups: Collection[list[Outcome]], cell: Callable[[list[Reply]], str]) -> list[str]:
    return [name, *(cell(_replies(group)) for group in groups)]


def _replies(outcomes: Sequence[Outcome]) -> list[Reply]:
    """Those that were given."""
    return [each.reply for each in outcomes if each.reply is not None and not each.reply.error]


def _total_ms(replies: list[Reply]) -> str:
    return _percentiles([reply.timings["total"] for reply in replies]) if replies else ""


def _percentiles(values: Sequence[float]) -> str:
    return f"{percentile(values, 0.5):,.0f} / {percentile(values, 0.95):,.0f}"


def _tokens(replies: list[Reply]) -> str:
    if not any(reply.prompt_tokens for reply in replies):
        return ""
    prompt = mean([reply.prompt_tokens for reply in replies])
    return f"{prompt:,.0f} / {mean([reply.completion_tokens for reply in replies]):,.0f}"


def _stages(outcomes: Sequence[Outcome]) -> list[str]:
    replies = _replies(outcomes)
    stages = dict.fromkeys(stage for reply in replies for stage in reply.timings)
    lines = [_line(["stage", "p50 ms", "p95 ms"]), "|---|---|---|"]
    for stage in stages:
        times = [reply.timings.get(stage, 0.0) for reply in replies]
        lines.append(_line([stage, f"{percentile(times, 0.5):,.1f}", f"{percentile(times, 0.95):,.1f}"]))
    return lines


def _warnings(report: Report) -> list[str]:
    said = troubles(report)
    if report.options.at_once > 1:
        said.append(
            f"{report.options.at_once} questions were asked at once: the times are those of a busy system"
        )
    return ["", *(f"- {each}" for each in said)] if said else []


def troubles(report: Report) -> list[str]:
    """What else than quality the figures tell of: outages, a machine that is too busy."""
    replies = [each.reply for each in report.outcomes if each.reply is not None]
    errors = [reply.error for reply in replies if reply.error]
    degraded = [reply.degraded for reply in replies if reply.degraded]
    said = [f"{name} could not be indexed: {reason}" for name, reason in report.failures.items()]
    said += [f"{len(errors)} questions were not answered: {errors[0]}"] if errors else []
    said += [f"{len(degraded)} answers were degraded: {degraded[0]}"] if degraded else []
    return said


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write(report: Report, table: str) -> None:
    """Into the section of evals/RESULTS.md that is about this dataset, embedder and model."""
    answers = f", answered by {report.model}" if report.options.with_answers else ""
    name = f"{report.dataset.name} with {report.embedder}{answers}"
    replace_section(name, table, results=ROOT / "evals" / "RESULTS.md")


def rows(report: Report) -> list[dict[str, Any]]:
    """A row per question, for a person who looks for what failed, and for programs."""
    return [_as_row(outcome) for outcome in report.outcomes]


def _as_row(outcome: Outcome) -> dict[str, Any]:
    question, reply = outcome.question, outcome.reply
    row: dict[str, Any] = {
        "id": question.id,
        "type": question.type,
        "question": question.text,
        "history": list(question.history),
        "expected": [_place(source) for source in question.truths],
        "must_contain": [" | ".join(fact) for fact in question.must_contain],
        "ranking": [_place(source) for source in outcome.ranking],
        "values": {name: round(value, 4) for name, value in outcome.values.items()},
    }
    if reply is not None:
        row |= {
            "answer": reply.text,
            "citations": [_place(source) for source in reply.cited],
            "timings": dict(reply.timings),
            "tokens": [reply.prompt_tokens, reply.completion_tokens],
            "degraded": reply.degraded,
            "error": reply.error,
        }
    return row


def failures(report: Report) -> str:
    """The questions that lack something, with what was found and said instead."""
    return "\n\n".join(_failure(row) for row in rows(report) if _lacks(row["values"]))


def _lacks(values: Mapping[str, float]) -> bool:
    whole = ("hit@5", "citation recall", "refused", "answered", "facts", "nothing forbidden")
    return any(values.get(name, 1.0) < 1.0 for name in whole)


def _failure(row: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name} {value:.2f}" for name, value in row["values"].items())
    lines = [f"{row['id']} ({row['type']}): {' … '.join([*row['history'], row['question']])}", f"  {values}"]
    lines += [f"  expected: {', '.join(row['expected']) or 'that the documents do not say'}"]
    lines += [f"  facts: {'; '.join(row['must_contain'])}"] if row["must_contain"] else []
    lines += [f"  found: {', '.join(row['ranking'][:5])}"]
    if "answer" in row:
        lines += [f"  answer: {' '.join((row['error'] or row['answer']).split())}"]
        lines += [f"  cited: {', '.join(row['citations']) or 'nothing'}"]
    return "\n".join(lines)


def _place(source: Source) -> str:
    document, page = source
    return document if page is None else f"{document}#page={page}"
