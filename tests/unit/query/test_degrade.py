import pytest

from shared.domain import ChatDelta, Prompt
from shared.errors import BackendTimeout, BackendUnavailable
from shared.query.degrade import Ladder

PROMPT = Prompt(question="?", passages=(), messages=(), max_tokens=10)


class ScriptedModel:
    """Says its words, then raises its error."""

    def __init__(self, name: str, *words: str, error: Exception | None = None) -> None:
        self.name = name
        self._words, self._error = words, error

    async def stream(self, prompt, *, timeout):
        for word in self._words:
            yield ChatDelta(text=word)
        if self._error:
            raise self._error

    async def close(self) -> None:
        pass


async def said(ladder: Ladder) -> str:
    return "".join([delta.text async for delta in ladder.stream(PROMPT, timeout=1.0)])


@pytest.mark.parametrize(
    ("error", "reason"), [(BackendTimeout("late"), "too slow"), (BackendUnavailable("down"), "unavailable")]
)
async def test_the_extractive_model_answers_when_the_other_fails_before_its_first_word(error, reason) -> None:
    ladder = Ladder(
        chat_model=ScriptedModel("large", error=error), fallback=ScriptedModel("small", "Quoted.")
    )
    assert await said(ladder) == "Quoted."
    assert (ladder.degraded, ladder.model) == ("extractive", "small")
    assert reason in (ladder.reason or "")


async def test_a_failure_after_the_first_word_is_raised() -> None:
    ladder = Ladder(
        chat_model=ScriptedModel("large", "It", error=BackendUnavailable("reset")),
        fallback=ScriptedModel("small", "Quoted."),
    )
    with pytest.raises(BackendUnavailable):
        await said(ladder)


async def test_a_failing_fallback_is_not_asked_twice() -> None:
    model = ScriptedModel("small", error=BackendUnavailable("down"))
    with pytest.raises(BackendUnavailable):
        await said(Ladder(chat_model=model, fallback=model))
