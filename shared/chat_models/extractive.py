"""`ExtractiveChatModel`: answers with the sentences of the passages that answer the question best.

Built by compose as the local profile's chat model and as the fallback of every other. It needs no network
and no weights but the embedder's, cannot invent anything, and says that it does not know where the
passages do not carry the answer. While the embedder is away it goes by words alone.
docs/adr/0002-local-embedder.md has the measurements behind the figures.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from shared.chat_models.calibration import CALIBRATION, Scale, dot
from shared.chat_models.numbers import asks_for_a_number, has_a_number, what_is_asked
from shared.chat_models.overlap import Overlap, terms
from shared.chat_models.sentences import sentences
from shared.domain import ChatDelta, Passage, Prompt, Usage
from shared.embedders.base import Embedder
from shared.errors import BackendTimeout, BackendUnavailable
from shared.language import language
from shared.query.prompt import DONT_KNOW

_EMBEDDED = 20  # sentences at the most: 0.15 s (minilm) or 0.3 s (e5) of one core
_QUOTED = 4
_WORDS_WEIGHT = 0.5  # of shared words against similarity, in the choice of sentences
_RANK_WEIGHT = 0.1  # of the passage's rank
_NEAR_BEST = 0.2  # how far behind the best sentence another one may be
_SAME = 0.6  # share of common words from which two sentences say the same
_EVIDENCE = 0.85  # least similarity, on the scale of the calibration, of an answer
_EVIDENCE_ABROAD = 0.6  # the same between two languages, where similarities are lower
_COVERAGE_WEIGHT = 0.6  # of the question's words that no passage has
_USUAL_COVERAGE = 0.85
_NUMBER_WEIGHT = 0.15  # of a number, where one is asked for
_EMBEDDER_SHARE = 0.5  # of the time there is; then the words have to do
# Where there are words alone: the share of the question's that the passages, and the best sentence, have.
_COVERED, _SENTENCE_COVERED = 0.6, 0.4
_LEANING = 3  # words at the most of a question that is read with the one before it
_CHARACTERS_PER_TOKEN = 4  # the usage is an estimate
_ENDS = (".", "!", "?", "。", "！", "？", "؟", "۔", "।")


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A sentence that may be quoted."""

    text: str
    title: str  # of its document
    heading: str
    marker: int
    rank: int  # of its passage, from 0
    position: int  # among all sentences, in reading order
    words: float  # share of the question's words that it and its document's title have
    has_what_is_asked: bool  # a number, where the question wants one
    similarity: float = 0.0

    @property
    def embedding_text(self) -> str:
        """With what says which product or contract a row of a table is about."""
        above = dict.fromkeys(part for part in (self.title, self.heading) if part)
        return f"{'. '.join(above)}: {self.text}" if above else self.text

    @property
    def score(self) -> float:
        bonus = _NUMBER_WEIGHT * self.has_what_is_asked
        bonus += _WORDS_WEIGHT * self.words + _RANK_WEIGHT / (self.rank + 1)
        return self.similarity + bonus - _lack(self.text)


class ExtractiveChatModel:
    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._scale: Scale | None = None

    @property
    def name(self) -> str:
        return "extractive"

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        """Sentence by sentence. The usage is estimated at four characters a token."""
        try:
            async with asyncio.timeout(timeout):
                chosen = await self._choose(prompt, _EMBEDDER_SHARE * timeout)
        except TimeoutError as error:
            raise BackendTimeout(f"no answer was found within {timeout:.0f} s") from error
        said = 0
        previous = ""
        for candidate in chosen:
            text = f"{_space(previous, candidate.text)}{candidate.text} [{candidate.marker}]"
            previous = candidate.text
            said += len(text)
            yield ChatDelta(text=text)
        if not chosen:
            said = len(DONT_KNOW)
            yield ChatDelta(text=DONT_KNOW)
        read = sum(len(message.content) for message in prompt.messages)
        yield ChatDelta(
            usage=Usage(
                prompt_tokens=read // _CHARACTERS_PER_TOKEN,
                completion_tokens=said // _CHARACTERS_PER_TOKEN + 1,
            )
        )

    async def close(self) -> None:
        """Nothing is held: the embedder belongs to whoever made it."""

    async def _choose(self, prompt: Prompt, patience: float) -> list[_Candidate]:
        """The sentences of the answer in the order they are said; none: the passages do not carry it."""
        prompt = replace(prompt, question=_standalone(prompt))
        candidates, coverage = await asyncio.to_thread(_candidates, prompt)
        if not candidates:
            return []
        try:
            async with asyncio.timeout(patience):
                scored = await self._compared(prompt.question, candidates)
        except (BackendUnavailable, TimeoutError):
            return _by_words(candidates, coverage, prompt)
        chosen = _best(scored, prompt.max_tokens * _CHARACTERS_PER_TOKEN)
        evidence = max(candidate.similarity for candidate in scored)
        if not any(candidate.has_what_is_asked for candidate in chosen):
            evidence -= _NUMBER_WEIGHT
        needed = _EVIDENCE_ABROAD
        if _share_a_language(prompt):
            needed = _EVIDENCE + _COVERAGE_WEIGHT * (_USUAL_COVERAGE - coverage)
        return _in_order(chosen) if evidence >= needed else []

    async def _compared(self, question: str, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """With their similarity to the question. Errors: `BackendUnavailable`."""
        texts = [candidate.embedding_text for candidate in candidates]
        scale, asked, embeddings = await asyncio.gather(
            self._calibrated(),
            self._embedder.embed_query(question),
            self._embedder.embed_passages(texts, urgent=True),
        )
        return [
            replace(candidate, similarity=scale.similarity(dot(asked, embedding)))
            for candidate, embedding in zip(candidates, embeddings, strict=True)
        ]

    async def _calibrated(self) -> Scale:
        if self._scale is None:
            answers = [answer for _, answer in CALIBRATION]
            passages = await self._embedder.embed_passages(answers, urgent=True)
            questions = await asyncio.gather(*(self._embedder.embed_query(asked) for asked, _ in CALIBRATION))
            self._scale = Scale.between(questions, passages)
        return self._scale


def _candidates(prompt: Prompt) -> tuple[list[_Candidate], float]:
    """The most promising sentences by their words, and the share of the question's words in all passages."""
    found: dict[str, tuple[str, Passage, int]] = {}
    for rank, passage in enumerate(prompt.passages):
        above = passage.chunk.heading.rpartition("›")[2].strip()
        for sentence in sentences(passage.chunk.content):
            # Overlapping chunks repeat sentences: the first, best ranked passage is cited.
            found.setdefault(sentence.text, (sentence.heading or above, passage, rank))
    titled = {
        text: f"{passage.chunk.title} {passage.chunk.heading} {heading} {text}"
        for text, (heading, passage, _) in found.items()
    }
    overlap = Overlap(what_is_asked(prompt.question), list(titled.values()))
    asked = set(terms(prompt.question))
    wants_number = asks_for_a_number(prompt.question)
    candidates = [
        _Candidate(
            text=text,
            title=passage.chunk.title,
            heading=heading,
            marker=passage.marker,
            rank=rank,
            position=position,
            words=overlap.share(titled[text]),
            has_what_is_asked=not wants_number or has_a_number(text),
        )
        for position, (text, (heading, passage, rank)) in enumerate(found.items())
        if not set(terms(text)) <= asked  # it repeats the question and says nothing else
    ]
    # By words and by passage in turn: a question in another language shares no words with the answer.
    candidates.sort(key=lambda candidate: candidate.words + 0.5 / (candidate.rank + 1), reverse=True)
    return candidates[:_EMBEDDED], overlap.share(" ".join(titled.values()))


def _standalone(prompt: Prompt) -> str:
    """The question, after the one before it if it has few words of its own."""
    earlier = [message.content for message in prompt.messages if message.role == "user"][:-1]
    if earlier and len(terms(prompt.question)) <= _LEANING:
        return f"{earlier[-1]}\n{prompt.question}"
    return prompt.question


def _lack(text: str) -> float:
    """What a text lacks of a statement, against the weights above."""
    if text.endswith(("?", "？", "؟", ":", "：")):
        return 0.3
    is_cut = text[0].islower() or text.endswith("…")
    is_title = not text.endswith(_ENDS) and not set(":;") & set(text)
    return 0.1 * is_cut + 0.1 * is_title


def _share_a_language(prompt: Prompt) -> bool:
    """As far as can be told; where it cannot, words are expected to be shared."""
    asked = language(prompt.question)
    told = language(" ".join(passage.chunk.content for passage in prompt.passages[:3]))
    return asked is None or told is None or asked == told


def _best(candidates: Sequence[_Candidate], room: int) -> list[_Candidate]:
    """The best sentence, and others nearly as good that say something else, within `room` characters."""
    ranked = sorted(candidates, key=lambda candidate: candidate.score, reverse=True)
    chosen: list[_Candidate] = []
    for candidate in ranked:
        if len(chosen) == _QUOTED or candidate.score < ranked[0].score - _NEAR_BEST:
            break
        room -= len(candidate.text)
        if chosen and (room < 0 or any(_say_the_same(candidate, other) for other in chosen)):
            continue
        chosen.append(candidate)
    return chosen


def _by_words(candidates: Sequence[_Candidate], coverage: float, prompt: Prompt) -> list[_Candidate]:
    """None where the question's words are too rare in the passages, as in those of another language."""
    fitting = [each for each in candidates if each.words >= _SENTENCE_COVERED and each.has_what_is_asked]
    if coverage < _COVERED:
        return []
    return _in_order(_best(fitting, prompt.max_tokens * _CHARACTERS_PER_TOKEN))


def _say_the_same(one: _Candidate, other: _Candidate) -> bool:
    first, second = set(terms(one.text)), set(terms(other.text))
    return len(first & second) >= _SAME * min(len(first), len(second))


def _in_order(chosen: Sequence[_Candidate]) -> list[_Candidate]:
    """Passages by their best sentence, within a passage as it reads."""
    order = list(dict.fromkeys(candidate.marker for candidate in chosen))
    return sorted(chosen, key=lambda candidate: (order.index(candidate.marker), candidate.position))


def _space(before: str, after: str) -> str:
    """Sentences run on; rows and items stand on lines of their own."""
    if not before:
        return ""
    return " " if before.endswith(_ENDS) and after.endswith(_ENDS) else "\n\n"
