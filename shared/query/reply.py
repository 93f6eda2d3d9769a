"""From what is asked to its answer: remembered, written for somebody else just now, or written anew.

Called by query.answer.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from shared.domain import Answer, CacheOutcome, ChatDelta, Usage
from shared.query import cite
from shared.query.answer_cache import AnswerCache, Asked
from shared.query.degrade import Ladder
from shared.query.flights import Flight, Flights, Reply
from shared.query.harmless import NO_HOSTS, harmless, harmless_deltas

_NEAREST = 3  # passages that are offered where none carries an answer
_BY_WORDS = "the embedding model is unavailable: the documents were searched by words alone"


@dataclass(kw_only=True)
class Answering:
    """Once the stream has ended, `reply` is all of it and `cache` where it came from."""

    asked: Asked
    ladder: Ladder
    answers: AnswerCache
    flights: Flights
    link_hosts: frozenset[str] = NO_HOSTS  # that answers may link to
    cache: CacheOutcome = "off"
    _reply: Reply | None = None

    @property
    def reply(self) -> Reply:
        assert self._reply is not None, "the stream has not ended"
        return replace(self._reply, text=harmless(self._reply.text, self.link_hosts))

    def stream(self, *, timeout: float, first_token: float) -> AsyncGenerator[ChatDelta, None]:
        """What is remembered or followed is as it was said: each asker is told what harms no client.

        Errors: `BackendUnavailable`, `BackendTimeout`, in mid-answer too.
        """
        return harmless_deltas(self._said(timeout, first_token), self.link_hosts)

    def answer(self, reply: Reply, conversation_id: str, *, by_words_alone: bool) -> Answer:
        """What the asker is told of the reply; what was not written for them has cost them nothing."""
        is_made = self.cache in ("miss", "off")
        question, passages = self.asked.prompt.question, self.asked.prompt.passages
        citations = cite.citations(reply.text, passages)
        return Answer(
            text=reply.text,
            citations=citations,
            conversation_id=conversation_id,
            model=reply.model,
            index=self.asked.index,
            usage=reply.usage if is_made else Usage(),
            saved=Usage() if is_made else reply.usage,
            timings=(),
            degraded=reply.degraded or ("text_search" if by_words_alone else None),
            degraded_reason=reply.reason or (_BY_WORDS if by_words_alone else None),
            nearest=() if citations else tuple(cite.citation(each, question) for each in passages[:_NEAREST]),
            cache=self.cache,
        )

    async def _said(self, timeout: float, first_token: float) -> AsyncGenerator[ChatDelta, None]:
        key = self.asked.key
        if self.flights.find(key) is None:
            self._reply = await self.answers.get(self.asked)
        if self._reply is not None:
            self.cache = "hit"
            yield ChatDelta(text=self._reply.text)
            return
        flight = self.flights.find(key)  # somebody may have begun meanwhile
        self.cache = "shared" if flight else self.answers.outcome_of_none

        async def write(flight: Flight) -> Reply:
            return await self._write(flight, timeout, first_token)

        async def keep(reply: Reply) -> None:
            await self.answers.keep(self.asked, reply)

        flight = flight or self.flights.start(key, write, keep)
        async with aclosing(flight.follow()) as deltas:
            async for delta in deltas:
                yield delta
        self._reply = flight.reply

    async def _write(self, flight: Flight, timeout: float, first_token: float) -> Reply:
        usage = Usage()
        deltas = self.ladder.stream(self.asked.prompt, timeout=timeout, first_token=first_token)
        async with aclosing(deltas):
            async for delta in deltas:
                usage = delta.usage or usage
                if delta.text:
                    flight.say(delta.text)
        return Reply(
            text=flight.text,
            model=self.ladder.model,
            usage=usage,
            degraded=self.ladder.degraded,
            reason=self.ladder.reason,
        )
