"""When the ladder takes its next rung, and which."""

import asyncio
from time import monotonic

import pytest

from shared.domain import ChatDelta
from shared.errors import BackendTimeout, BackendUnavailable, Refused
from shared.query.flights import Reply
from shared.query.prompt import DONT_KNOW
from tests.unit.query.ladders import PROMPT, ScriptedModel, broken, ladder_of, said, until_cited


async def test_a_model_that_dies_before_anything_of_it_was_shown_is_replaced() -> None:
    quoting = ScriptedModel("quoting", "Quoted [1].")
    large = ScriptedModel("large", "It is ", "so", error=BackendUnavailable("reset"))
    ladder = ladder_of(chat_model=large, fallback=quoting, shape=until_cited)
    assert await said(ladder) == "Quoted [1]."
    assert ladder.degraded == "extractive"


async def test_a_model_that_dies_after_its_first_citation_is_not_replaced() -> None:
    large = ScriptedModel("large", "It is so [1].", " And", error=BackendUnavailable("reset"))
    ladder = ladder_of(chat_model=large, fallback=ScriptedModel("quoting", "Quoted [1]."), shape=until_cited)
    with pytest.raises(BackendUnavailable):
        await said(ladder)


async def test_an_answer_that_cites_nothing_is_none_but_no_failure() -> None:
    quoting = ScriptedModel("quoting", "Quoted [1].")
    ladder = ladder_of(chat_model=ScriptedModel("large", "Surely."), fallback=quoting, shape=until_cited)
    assert await said(ladder) == DONT_KNOW
    assert (ladder.degraded, quoting.timeouts) == (None, [])


async def test_a_model_that_talks_on_without_support_leaves_time_to_quote() -> None:
    class Talking(ScriptedModel):
        async def stream(self, prompt, *, timeout):
            yield ChatDelta(text="Well, ")
            await asyncio.sleep(timeout)
            raise BackendTimeout("took too long")

    ladder = ladder_of(
        chat_model=Talking("large"), fallback=ScriptedModel("quoting", "Quoted [1]."), shape=until_cited
    )
    assert await said(ladder, timeout=0.3) == "Quoted [1]."


async def test_an_older_answer_comes_before_quotations() -> None:
    async def cached() -> Reply:
        return Reply(text="As before [1].", model="large")

    quoting = ScriptedModel("quoting", "Quoted.")
    ladder = ladder_of(chat_model=broken("large"), smaller=broken("small"), fallback=quoting, cached=cached)
    assert await said(ladder) == "As before [1]."
    assert (ladder.degraded, ladder.model, quoting.timeouts) == ("cached", "large", [])
    assert "unavailable" in (ladder.reason or "")


async def test_no_older_answer_is_looked_up_while_a_model_answers() -> None:
    async def cached() -> Reply:
        raise AssertionError("looked up")

    quoting = ScriptedModel("quoting", "Quoted.")
    models = {"chat_model": broken("large"), "smaller": ScriptedModel("small", "Yes."), "fallback": quoting}
    assert await said(ladder_of(**models, cached=cached)) == "Yes."
    assert await said(ladder_of(chat_model=quoting, fallback=quoting, cached=cached)) == "Quoted."


@pytest.mark.parametrize("error", [None, BackendUnavailable("the store is down"), "slow"])
async def test_passages_are_quoted_where_no_older_answer_is_found_in_time(error) -> None:
    async def cached() -> Reply | None:
        if error == "slow":
            await asyncio.sleep(60)
        elif error:
            raise error
        return None

    ladder = ladder_of(
        chat_model=broken("large"), fallback=ScriptedModel("quoting", "Quoted."), cached=cached
    )
    assert await said(ladder) == "Quoted."
    assert (ladder.degraded, ladder.model) == ("extractive", "quoting")


async def test_a_content_filter_is_named_as_the_reason() -> None:
    refusing = ScriptedModel("large", error=Refused("the content filter refuses this question"))
    ladder = ladder_of(
        chat_model=refusing, smaller=broken("small"), fallback=ScriptedModel("quoting", "Quoted.")
    )
    assert await said(ladder) == "Quoted."
    assert ladder.reason == "the content filter refuses this question"


async def test_the_first_word_has_a_deadline_of_its_own() -> None:
    large, small = ScriptedModel("large", "late", delay=60), ScriptedModel("small", "In time.", delay=0.1)
    ladder = ladder_of(chat_model=large, smaller=small, fallback=ScriptedModel("quoting", "Quoted."))
    began = monotonic()
    deltas = ladder.stream(PROMPT, timeout=60, first_token=0.8)
    assert "".join([delta.text async for delta in deltas]) == "In time."
    assert monotonic() - began < 2
    assert large.timeouts[0] > 50  # once it speaks, it may take all the time
