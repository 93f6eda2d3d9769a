"""A measurement that is stored, and another one compared with it. Called by `rag eval`."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.evaluation import Report
from evals.measures import Interval, bootstrap, mean
from evals.question_rows import DatasetError
from evals.scores import QUALITY

# At this level for each measure alone, a change that does nothing but stir the answers up fails the
# comparison of all of them in about one of twenty cases.
LEVEL = 0.99
_DIGITS = 4  # of a value that is stored


@dataclass(frozen=True, kw_only=True)
class Baseline:
    digest: str
    embedder: str
    model: str
    top_k: int
    stored: str
    values: Mapping[str, Mapping[str, float]]  # by question and measure


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Of one measure over the questions that both have it for."""

    measure: str
    before: float
    after: float
    interval: Interval
    fell: tuple[tuple[str, float, float], ...]  # (question, before, after)

    @property
    def is_fall(self) -> bool:
        return self.interval.high < 0


def store(report: Report, path: Path) -> None:
    """A line per question, so that a change shows as the lines that it changes."""
    head = {
        "dataset": report.dataset.name,
        "digest": report.dataset.digest(),
        "embedder": report.embedder,
        "model": report.model,
        "top_k": report.options.top_k,
        "stored": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
    }
    questions = [
        f"    {json.dumps(each.question.id)}: "
        f"{json.dumps({name: round(value, _DIGITS) for name, value in each.values.items()})}"
        for each in report.outcomes
    ]
    text = json.dumps(head, indent=2).removesuffix("\n}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text},\n  "questions": {{\n' + ",\n".join(questions) + "\n  }\n}\n", encoding="utf-8")


def load(path: Path) -> Baseline:
    """Errors: `DatasetError`."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Baseline(
            digest=stored["digest"],
            embedder=stored["embedder"],
            model=stored["model"],
            top_k=stored["top_k"],
            stored=stored["stored"],
            values=stored["questions"],
        )
    except OSError as error:
        raise DatasetError(f"{path} cannot be read; make it with --store-baseline") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} is no baseline; make it anew with --store-baseline") from error


def incomparable(report: Report, baseline: Baseline) -> str:
    """Why the two cannot be compared; empty if they can."""
    if baseline.digest != report.dataset.digest():
        return "other questions or documents"
    if baseline.embedder != report.embedder:
        return f"the embedder {baseline.embedder}"
    return ""


def differences(report: Report, baseline: Baseline) -> list[Difference]:
    """In the order of `QUALITY`; a measure that only one of the two has is left out."""
    found = []
    for measure in QUALITY:
        pairs = [
            (each.question.id, before[measure], round(each.values[measure], _DIGITS))
            for each in report.outcomes
            if measure in each.values and measure in (before := baseline.values.get(each.question.id, {}))
        ]
        if pairs:
            found.append(_difference(measure, pairs))
    return found


def _difference(measure: str, pairs: list[tuple[str, float, float]]) -> Difference:
    changes = [round(after - before, _DIGITS) for _, before, after in pairs]
    return Difference(
        measure=measure,
        before=mean([before for _, before, _ in pairs]),
        after=mean([after for _, _, after in pairs]),
        interval=bootstrap(changes, level=LEVEL) if any(changes) else Interval(low=0.0, high=0.0),
        fell=tuple(pair for pair, change in zip(pairs, changes, strict=True) if change < 0),
    )


def told(found: list[Difference], baseline: Baseline, report: Report) -> str:
    """What changed since the baseline; of what fell, each question."""
    lines = [f"Against the baseline of {baseline.stored}:"]
    for name, before, after in (
        ("model", baseline.model, report.model),
        ("passages", baseline.top_k, report.options.top_k),
    ):
        if before != after:
            lines.append(f"- another {name}: {before} then, {after} now")
    for each in found:
        if each.before == each.after and not each.fell:
            continue
        interval = f"{each.interval.low:+.3f} … {each.interval.high:+.3f}"
        verdict = (
            "FELL" if each.is_fall else "fell, perhaps by chance" if each.after < each.before else "rose"
        )
        lines.append(f"- {each.measure} {verdict}: {each.before:.3f} → {each.after:.3f} ({interval})")
        lines += [f"    {question}: {before:g} → {after:g}" for question, before, after in each.fell]
    return "\n".join(lines if len(lines) > 1 else [*lines, "- nothing changed"])
