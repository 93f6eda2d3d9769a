import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from time import monotonic

import pytest

from shared.breaker import Guard
from shared.chat_models.guarded import GuardedChatModel
from shared.domain import ChatDelta, Prompt, Usage
from shared.errors import BackendUnavailable, Refused, Throttled
from shared.telemetry.metrics import Metrics

PROMPT = Prompt(question="?", passages=(), messages=(), max_tokens=10)
USAGE = ChatDelta(usage=Usage(prompt_tokens=1, completion_tokens=1))


class Scripted:
    """Says what the next script has: words, deltas, errors to raise, pauses; the last one again and again."""

    name = "scripted"

    def __init__(self, *scripts: list[str | float | ChatDelta | Exception]) -> None:
        self._scripts = list(scripts)
        self.calls = 0
        self.is_running = False

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        self.calls += 1
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        self.is_running = True
        try:
            for step in script:
                match step:
                    case str():
                        yield ChatDelta(text=step)
                    case ChatDelta():
                        yield step
                    case Exception():
                        raise step
                    case pause:
                        await asyncio.sleep(pause)
        finally:
            self.is_running = False

    async def close(self) -> None:
        pass


def guarded(model: Scripted, *, retries: bool = True) -> tuple[GuardedChatModel, Guard]:
    guard = Guard("chat_model", Metrics())
    return GuardedChatModel(model, guard, retries=retries), guard


async def said(model: GuardedChatModel, *, timeout: float = 5.0, patience: float | None = None) -> str:
    deltas = model.stream(replace(PROMPT, patience=patience), timeout=timeout)
    return "".join([delta.text async for delta in deltas])


DOWN = BackendUnavailable("reset")


async def test_words_and_usage_pass_through() -> None:
    model, _ = guarded(Scripted(["Yes", ".", USAGE]))
    assert [delta async for delta in model.stream(PROMPT, timeout=5)][-1] == USAGE
    assert await said(model) == "Yes."


async def test_a_failure_before_the_first_word_is_tried_once_more() -> None:
    script = Scripted([DOWN], ["Yes."])
    model, _ = guarded(script)
    assert await said(model) == "Yes."
    assert script.calls == 2


@pytest.mark.parametrize(
    ("script", "retries", "kind"),
    [
        (["It", DOWN], True, BackendUnavailable),  # what was said cannot be taken back
        ([Refused("the content filter")], True, Refused),
        ([Throttled("busy", retry_after=3)], True, Throttled),  # twice that is more than there is
        ([DOWN], False, BackendUnavailable),
    ],
)
async def test_these_are_not_tried_again(script: list, retries: bool, kind: type[Exception]) -> None:
    scripted = Scripted(script)
    model, _ = guarded(scripted, retries=retries)
    with pytest.raises(kind):
        await said(model)
    assert scripted.calls == 1


async def test_a_busy_deployment_is_asked_again_when_it_says_if_the_first_word_can_still_be_in_time() -> None:
    scripted = Scripted([Throttled("busy", retry_after=0.2)], ["Yes."])
    model, _ = guarded(scripted)
    began = monotonic()
    assert await said(model, patience=2.0) == "Yes."
    assert monotonic() - began >= 0.2
    impatient, _ = guarded(Scripted([Throttled("busy", retry_after=0.2)], ["Yes."]))
    with pytest.raises(Throttled):
        await said(impatient, patience=0.3)


async def test_silence_past_the_prompts_patience_is_a_failure_that_opens_the_breaker() -> None:
    scripted = Scripted([USAGE, 60.0, "late"])
    model, guard = guarded(scripted)
    questions = (asyncio.wait_for(said(model, patience=0.6), timeout=0.8) for _ in range(5))
    outcomes = await asyncio.gather(*questions, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimeoutError] * 5
    assert not scripted.is_running
    assert guard.breaker.is_open
    with pytest.raises(BackendUnavailable, match="is not asked"):
        await said(model)
    assert scripted.calls == 5


async def test_a_slow_answer_that_has_begun_may_take_its_time() -> None:
    model, _ = guarded(Scripted(["Slowly", 0.4, " but well."]))
    assert await said(model, patience=0.2) == "Slowly but well."


async def test_people_who_leave_do_not_open_the_breaker_and_the_model_stops_at_once() -> None:
    scripted = Scripted([60.0, "late"])
    model, guard = guarded(scripted)
    for _ in range(10):
        asking = asyncio.create_task(said(model))
        while not scripted.is_running:
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not scripted.is_running
    assert not guard.breaker.is_open


async def test_closing_the_stream_closes_the_models() -> None:
    scripted = Scripted(["many", "words"])
    model, _ = guarded(scripted)
    async with aclosing(model.stream(PROMPT, timeout=5)) as deltas:
        await anext(deltas)
        assert scripted.is_running
    assert not scripted.is_running
