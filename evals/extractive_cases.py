"""What the extractive model is measured on: questions with the passages that retrieval finds for them.

Used by `evals.extractive`. Questions that the passages cannot answer come from `evals/questions.jsonl`, from
asking for what stands in one document of a library that lacks it, and from asking one company's questions of
another's documents.
"""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from evals.datasets import QUESTIONS, read_dataset
from evals.filled_index import Filled, filled
from evals.libraries import PUBLIC, libraries
from evals.question_rows import LabelledQuestion, Source
from shared.compose.models import count_tokens
from shared.domain import Passage, Principal, Prompt, Question, Turn
from shared.embedders.base import Embedder
from shared.query import prompt, retrieve, rewrite
from shared.services import Limits

Group: TypeAlias = Literal["answerable", "near", "far", "left out", "elsewhere"]

_READER = Principal(user_id="eval", email="eval@example.org")
_TOP_K = Question(text="").top_k
_DEEP = 40  # passages, of which those of a document that is left out are dropped


@dataclass(frozen=True, kw_only=True)
class Case:
    library: str
    group: Group
    question: LabelledQuestion
    prompt: Prompt
    sources: dict[int, Source]  # by marker

    @property
    def is_answerable(self) -> bool:
        return self.group == "answerable"


async def cases(embedder: Embedder) -> AsyncIterator[Case]:
    """Of our samples, and of Northwind where it lies beside the project."""
    asked = {"samples": read_dataset(QUESTIONS).questions}
    if (PUBLIC / "northwind").exists():
        asked["northwind"] = read_dataset(PUBLIC / "northwind").questions
    for library in islice(libraries(), len(asked)):
        with tempfile.TemporaryDirectory() as folder:
            async with filled(library, embedder, Path(folder)) as there:
                for name, questions in asked.items():
                    for question in questions:
                        if name == library.name:
                            yield await _case(question, there, library.name, _group(question))
                            if name == "samples" and _can_be_left_out(question):
                                yield await _case(question, there, library.name, "left out")
                        elif question.is_answerable:
                            yield await _case(question, there, library.name, "elsewhere")


def _group(question: LabelledQuestion) -> Group:
    if question.is_answerable:
        return "answerable"
    return "far" if question.id.startswith("far") else "near"


def _can_be_left_out(question: LabelledQuestion) -> bool:
    """Of what several documents are asked, one of them may answer half."""
    return question.is_answerable and question.type != "multi_document"


async def _case(question: LabelledQuestion, there: Filled, library: str, group: Group) -> Case:
    turns = tuple(
        Turn(question=earlier, answer="", citations=(), asked_at=0.0) for earlier in question.history
    )
    searched = rewrite.by_rule(question.text, turns)
    await there.index.embedder.embed_query(searched)  # ahead: on a busy machine a search goes by words alone
    found = await retrieve.search(
        Question(text=searched, top_k=_DEEP),
        _READER,
        index=there.index,
        metadata=there.metadata,
        timeout=600,
    )
    missing = {name for name, _ in question.truths} if group == "left out" else set[str]()
    left = [each for each in found.passages if there.names[each.chunk.document_id] not in missing]
    passages = tuple(replace(each, marker=marker) for marker, each in enumerate(left[:_TOP_K], start=1))
    return Case(
        library=library,
        group=group,
        question=question,
        prompt=_prompt(question.text, passages, turns),
        sources={each.marker: (there.names[each.chunk.document_id], each.chunk.page) for each in passages},
    )


def _prompt(text: str, passages: tuple[Passage, ...], turns: tuple[Turn, ...]) -> Prompt:
    limits = Limits()
    return prompt.build(
        text,
        passages,
        turns,
        context_tokens=limits.context_tokens,
        answer_tokens=limits.answer_tokens,
        count_tokens=count_tokens,
    )
