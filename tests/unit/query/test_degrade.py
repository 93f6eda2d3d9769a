import asyncio
import logging
from contextlib import aclosing
from pathlib import Path
from time import monotonic

import pytest

from shared.auth.passwords import Passwords
from shared.domain import ChatDelta, DoneEvent, Principal, Question
from shared.errors import BackendTimeout, BackendUnavailable
from shared.query.answer import answer
from tests.stand_ins.pipeline_services import ingested, pipeline_services
from tests.unit.query.ladders import PROMPT, ScriptedModel, broken, ladder_of, said


async def test_the_first_model_that_answers_is_the_last_one_asked() -> None:
    smaller, quoting = ScriptedModel("small", "No."), ScriptedModel("quoting", "No.")
    ladder = ladder_of(chat_model=ScriptedModel("large", "Yes."), smaller=smaller, fallback=quoting)
    assert await said(ladder) == "Yes."
    assert (ladder.degraded, ladder.reason, ladder.model) == (None, None, "large")
    assert (smaller.timeouts, quoting.timeouts) == ([], [])


@pytest.mark.parametrize(
    ("error", "reason"), [(BackendTimeout("late"), "too slow"), (BackendUnavailable("down"), "unavailable")]
)
async def test_the_extractive_model_answers_when_the_other_fails_before_its_first_word(error, reason) -> None:
    ladder = ladder_of(
        chat_model=ScriptedModel("large", error=error), fallback=ScriptedModel("quoting", "Quoted.")
    )
    assert await said(ladder) == "Quoted."
    assert (ladder.degraded, ladder.model) == ("extractive", "quoting")
    assert reason in (ladder.reason or "")


async def test_the_smaller_model_answers_before_anything_is_quoted() -> None:
    quoting = ScriptedModel("quoting", "Quoted.")
    ladder = ladder_of(
        chat_model=broken("large"), smaller=ScriptedModel("small", "Shorter."), fallback=quoting
    )
    assert await said(ladder) == "Shorter."
    assert (ladder.degraded, ladder.model) == ("smaller_model", "small")
    assert "unavailable" in (ladder.reason or "")
    assert quoting.timeouts == []


async def test_passages_are_quoted_when_the_smaller_model_fails_too() -> None:
    ladder = ladder_of(
        chat_model=broken("large"), smaller=broken("small"), fallback=ScriptedModel("quoting", "Quoted.")
    )
    assert await said(ladder) == "Quoted."
    assert (ladder.degraded, ladder.model) == ("extractive", "quoting")


async def test_an_answer_without_a_word_counts_as_a_failure() -> None:
    ladder = ladder_of(chat_model=ScriptedModel("large"), fallback=ScriptedModel("quoting", "Quoted."))
    assert await said(ladder) == "Quoted."


async def test_silent_models_leave_time_for_the_next_and_all_keep_to_the_deadline() -> None:
    large, small = ScriptedModel("large", "late", delay=60), ScriptedModel("small", "late", delay=60)
    quoting = ScriptedModel("quoting", "Quoted.")
    ladder = ladder_of(chat_model=large, smaller=small, fallback=quoting)
    started = monotonic()
    assert await said(ladder, timeout=1.0) == "Quoted."
    assert 0.8 <= monotonic() - started < 1.5
    assert 0.9 < large.timeouts[0] <= 1.0
    assert 0.1 < small.timeouts[0] <= 0.4
    assert quoting.timeouts[0] == 0.5
    assert not large.is_running
    assert not small.is_running
    assert "too slow" in (ladder.reason or "")


async def test_a_model_that_has_begun_may_use_all_the_time() -> None:
    class Slow(ScriptedModel):
        async def stream(self, prompt, *, timeout):
            yield ChatDelta(text="Slowly")
            await asyncio.sleep(0.4)
            yield ChatDelta(text=" but well.")

    ladder = ladder_of(chat_model=Slow("large"), fallback=ScriptedModel("quoting", "Quoted."))
    assert await said(ladder, timeout=0.5) == "Slowly but well."


async def test_a_failure_after_the_first_word_is_raised() -> None:
    ladder = ladder_of(
        chat_model=ScriptedModel("large", "It", error=BackendUnavailable("reset")),
        fallback=ScriptedModel("quoting", "Quoted."),
    )
    with pytest.raises(BackendUnavailable):
        await said(ladder)


async def test_a_failing_fallback_is_not_asked_twice() -> None:
    model = broken("quoting")
    with pytest.raises(BackendUnavailable):
        await said(ladder_of(chat_model=model, fallback=model))
    assert len(model.timeouts) == 1


async def test_closing_the_stream_ends_the_models_work() -> None:
    model = ScriptedModel("large", "many", "words")
    ladder = ladder_of(chat_model=model, fallback=ScriptedModel("quoting", "Quoted."))
    async with aclosing(ladder.stream(PROMPT, timeout=1.0, first_token=1.0)) as deltas:
        await anext(deltas)
        assert model.is_running
    assert not model.is_running


async def test_the_log_says_why_a_model_did_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await said(ladder_of(chat_model=broken("large"), fallback=ScriptedModel("quoting", "Quoted.")))
    (record,) = caplog.records
    assert record.getMessage() == "chat_model_failed"
    assert "AZURE_OPENAI_ENDPOINT" in record.event_fields["reason"]  # type: ignore[attr-defined]


async def test_an_answer_by_the_smaller_model_says_so(tmp_path: Path) -> None:
    smaller = ScriptedModel("small", "A week [1].")
    services = pipeline_services(
        tmp_path, chat_model=broken("large"), smaller_chat_model=smaller, passwords=Passwords()
    )
    await ingested(services, "Returns take a week.")
    ada = Principal(user_id="ada", email="ada@example.org")
    done = [event async for event in answer(Question(text="How long do returns take?"), ada, services)][-1]
    assert isinstance(done, DoneEvent)
    assert (done.answer.text, done.answer.degraded, done.answer.model) == (
        "A week [1].",
        "smaller_model",
        "small",
    )
    await services.close()
    assert smaller.is_closed
