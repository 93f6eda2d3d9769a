"""The shadow gate: is another index as good as the live one? Called by the indexes' routes.

Questions whose sources are known, by default those that people asked and that were answered with citations,
are asked of both indexes, each with its own embedder. No answer is shown to anybody, so no reader filter is
needed; what is kept of it are numbers.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from shared.domain import IndexState, Passage, SearchQuery
from shared.errors import ConfigError, Conflict
from shared.metadata_stores.base import MetadataStore
from shared.query import prompt
from shared.services import Services
from shared.shelf import OpenIndex

_TOP_K = 10
_DEPTH = 3  # versions of a document that may stand side by side during a re-upload
_AT_ONCE = 4  # questions
_ON_THE_WAY = 10.0  # seconds that an index gets for what was uploaded just now
_REPLAY = 150.0  # seconds; platforms cut a request off at 230

Source = tuple[str, int]  # document id, page


@dataclass(frozen=True, kw_only=True)
class KnownQuestion:
    text: str
    sources: frozenset[Source]  # where its answer stands


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Shares of 1, over the questions that were asked."""

    recall: float = 0.0  # recall@10: of the sources among the pages of the first ten passages
    answered: float = 0.0  # what the extractive model finds an answer to


@dataclass(frozen=True, kw_only=True)
class GateReport:
    compared_with: str  # the live index
    judged_at: str
    documents: int  # that queries may see
    missing: int  # of them in the other index
    questions: int = 0  # that were asked; 0: coverage alone was judged
    live: Quality = Quality()
    other: Quality = Quality()
    refusal: str | None = None  # why it must not be promoted


async def stored_questions(metadata: MetadataStore, *, limit: int) -> list[KnownQuestion]:
    """The newest questions that were answered with citations, each once."""
    if not limit:
        return []
    sources: dict[str, set[Source]] = {}
    for turn in await metadata.cited_turns(limit=limit):
        cited = {(citation.document_id, citation.page) for citation in turn.citations}
        sources.setdefault(turn.question, set()).update(cited)
    return [KnownQuestion(text=text, sources=frozenset(cited)) for text, cited in sources.items()]


async def judge(
    name: str,
    questions: Sequence[KnownQuestion],
    services: Services,
    *,
    margin: float,
    patience: float = _ON_THE_WAY,
) -> GateReport:
    """Compare it with the live index, and record what was found.

    Refused is an index that lacks documents, and one whose recall or answer rate is lower by more than
    `margin`. `patience`: seconds to wait for documents on their way. Errors: `NotFound`, `Conflict` for the
    live one.
    """
    try:
        other, live = await services.shelf.named(name), await services.shelf.live()
    except ConfigError as error:
        raise Conflict(str(error)) from error
    if other.version.state is IndexState.LIVE:
        raise Conflict(f"{name} is live already")
    report = await _coverage(name, live.name, services, patience)
    if report.refusal is None:
        asked = await _still_known(questions, services.metadata)
        qualities = await _replayed(asked, live, other, services)
        covered = await _coverage(name, live.name, services, patience)  # the replay may have taken minutes
        report = _judged(covered, qualities, margin)
    await services.metadata.note_index(
        services.shelf.base,
        name,
        documents=report.documents - report.missing,
        chunks=await other.search_index.count(),
        gate=json.dumps(asdict(report)),
    )
    return report


async def _coverage(name: str, live: str, services: Services, patience: float) -> GateReport:
    until = time.monotonic() + patience
    while True:
        documents, held = await services.metadata.count_held(name)
        missing = documents - held
        if not missing or time.monotonic() > until:
            break
        await asyncio.sleep(0.2)
    return GateReport(
        compared_with=live,
        judged_at=datetime.now(UTC).isoformat(),
        documents=documents,
        missing=missing,
        refusal=f"{missing:,} of {documents:,} documents are missing in it" if missing else None,
    )


async def _still_known(questions: Sequence[KnownQuestion], metadata: MetadataStore) -> list[KnownQuestion]:
    """With the sources that are there still; without questions that have none."""
    known = await metadata.documents(list({of for each in questions for of, _ in each.sources}))
    pages = {each.id: each.pages for each in known.values() if each.current_version}
    kept = [
        replace(each, sources=frozenset((of, page) for of, page in each.sources if page <= pages.get(of, 0)))
        for each in questions
    ]
    return [each for each in kept if each.sources]


async def _replayed(
    questions: Sequence[KnownQuestion], live: OpenIndex, other: OpenIndex, services: Services
) -> list[tuple[Quality, Quality]]:
    """(live, other) per question, for as many of the first as there is time for."""
    until = time.monotonic() + _REPLAY
    found: list[tuple[Quality, Quality]] = []
    for start in range(0, len(questions), _AT_ONCE):
        if time.monotonic() > until:
            break
        batch = questions[start : start + _AT_ONCE]
        asked = [_asked(question, index, services) for question in batch for index in (live, other)]
        qualities = await asyncio.gather(*asked)
        found += zip(qualities[::2], qualities[1::2], strict=True)
    return found


async def _asked(question: KnownQuestion, index: OpenIndex, services: Services) -> Quality:
    passages = await _found(question.text, index, services.metadata)
    pages = {(passage.chunk.document_id, passage.chunk.page) for passage in passages}
    is_answered = bool(passages) and await _is_answered(question.text, passages, services)
    return Quality(recall=len(question.sources & pages) / len(question.sources), answered=float(is_answered))


async def _found(text: str, index: OpenIndex, metadata: MetadataStore) -> list[Passage]:
    """The first ten passages that queries of this index may see, whoever reads them."""
    query = SearchQuery(
        text=text,
        embedding=await index.embedder.embed_query(text),
        top_k=_TOP_K * _DEPTH,
        readers=None,
    )
    hits = await index.search_index.search(query)
    documents = await metadata.documents(list({hit.chunk.document_id for hit in hits}))
    seen = [
        hit
        for hit in hits
        if (document := documents.get(hit.chunk.document_id)) is not None
        and document.version_in(index.name) == hit.chunk.version
    ]
    return [
        Passage(
            marker=marker,
            chunk=hit.chunk,
            document_name=documents[hit.chunk.document_id].name,
            page_kind=documents[hit.chunk.document_id].page_kind,
            score=hit.score,
        )
        for marker, hit in enumerate(seen[:_TOP_K], start=1)
    ]


async def _is_answered(text: str, passages: Sequence[Passage], services: Services) -> bool:
    limits = services.limits
    asked = prompt.build(
        text,
        passages,
        (),
        context_tokens=limits.context_tokens,
        answer_tokens=limits.answer_tokens,
        count_tokens=services.count_tokens,
    )
    stream = services.fallback_chat_model.stream(asked, timeout=limits.answer_timeout)
    return "".join([delta.text async for delta in stream]) != prompt.DONT_KNOW


def _judged(covered: GateReport, qualities: Sequence[tuple[Quality, Quality]], margin: float) -> GateReport:
    report = replace(
        covered,
        questions=len(qualities),
        live=_mean([of_live for of_live, _ in qualities]),
        other=_mean([of_other for _, of_other in qualities]),
    )
    return replace(report, refusal=report.refusal or _loss(report, margin))


def _mean(qualities: Sequence[Quality]) -> Quality:
    if not qualities:
        return Quality()
    return Quality(
        recall=sum(each.recall for each in qualities) / len(qualities),
        answered=sum(each.answered for each in qualities) / len(qualities),
    )


def _loss(report: GateReport, margin: float) -> str | None:
    for what, live, other in (
        ("recall@10", report.live.recall, report.other.recall),
        ("the answer rate", report.live.answered, report.other.answered),
    ):
        if live - other > margin:
            asked = f"over {report.questions:,} questions"
            return f"{what} falls from {live:.3f} to {other:.3f} {asked}, by more than {margin:g}"
    return None
