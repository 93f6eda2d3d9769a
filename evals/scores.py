"""What one question came to, and its values under every measure that applies to it. Used by `evals.run`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evals.answer_measures import facts_said, is_refusal, nothing_said_of, precision, token_f1
from evals.measures import hit, ndcg, recall, reciprocal_rank
from evals.question_rows import LabelledQuestion, Source

# All that there are, as tables show them: docs/evaluation.md says what each means.
RANKING = ("ndcg@10", "recall@5", "recall@10", "mrr", "hit@5")
ANSWER = (
    "citation precision",
    "citation recall",
    "refused",
    "answered",
    "facts",
    "nothing forbidden",
    "token f1",
    "judged",
)
QUALITY = RANKING + ANSWER


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What was answered. `error`: why nothing was."""

    text: str = ""
    cited: tuple[Source, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)  # ms by stage
    prompt_tokens: int = 0
    completion_tokens: int = 0
    degraded: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    question: LabelledQuestion
    ranking: tuple[Source, ...]  # where the passages are from, best first
    reply: Reply | None  # None: only the ranking was asked for
    values: Mapping[str, float]


def scored(question: LabelledQuestion, ranking: Sequence[Source], reply: Reply | None) -> dict[str, float]:
    """By the names of `QUALITY`; what a question cannot tell is left out."""
    return _of_ranking(question, ranking) | ({} if reply is None else _of_answer(question, reply))


def _of_ranking(question: LabelledQuestion, ranking: Sequence[Source]) -> dict[str, float]:
    if not question.truths:
        return {}
    places = _as_labelled(ranking, question)
    return {
        "ndcg@10": ndcg(places, question.truths, k=10),
        "recall@5": recall(places, question.truths, k=5),
        "recall@10": recall(places, question.truths, k=10),
        "mrr": reciprocal_rank(places, question.truths),
        "hit@5": hit(places, question.truths, k=5),
    }


def _of_answer(question: LabelledQuestion, reply: Reply) -> dict[str, float]:
    values: dict[str, float] = {}
    is_refused = not reply.error and is_refusal(reply.text, reply.cited)
    if not question.is_answerable:
        values["refused"] = float(is_refused)
    else:
        values["answered"] = float(not is_refused and not reply.error)
    if question.truths:
        cited = _as_labelled(reply.cited, question)
        if cited:  # of what is not cited nothing is cited wrongly; `answered` tells of it
            values["citation precision"] = precision(cited, question.truths)
        values["citation recall"] = recall(cited, question.truths, k=len(cited))
    if question.must_contain:
        values["facts"] = facts_said(reply.text, question.must_contain)
    if question.must_not_contain:
        values["nothing forbidden"] = nothing_said_of(reply.text, question.must_not_contain)
    if question.truth:
        values["token f1"] = token_f1(reply.text, question.truth)
    return values


def _as_labelled(places: Sequence[Source], question: LabelledQuestion) -> list[Source]:
    """With pages only where the labels name pages: of a document that is labelled whole any page will do."""
    if all(page is None for _, page in question.truths):
        return [(document, None) for document, _ in places]
    whole = {document for document, page in question.truths if page is None}
    return [(document, None if document in whole else page) for document, page in places]
