"""Questions that follow others: what the model is told of the turns before, and of whose."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from shared.domain import EVERYONE, ChatDelta, DoneEvent, Principal, Prompt, Question
from shared.ingest import documents, readers
from shared.query.answer import answer
from shared.services import Services
from tests.stand_ins.pipeline_services import ingested

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
FIRST, THEN = "How long does the warranty last?", "And returns?"

pytestmark = pytest.mark.usefixtures("library")


class TwoSided:
    """Answers prompts with passages, rewrites what comes without."""

    name = "two-sided"

    def __init__(self) -> None:
        self.answered: list[Prompt] = []
        self.rewritten: list[Prompt] = []
        self.rewriting = "How long do returns take?"

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        (self.answered if prompt.passages else self.rewritten).append(prompt)
        yield ChatDelta(text="Two SECRET years [1]." if prompt.passages else self.rewriting)

    async def close(self) -> None:
        pass


@pytest.fixture
def model() -> TwoSided:
    return TwoSided()


async def ask(person: Any, question: str, conversation_id: str | None = None) -> dict[str, Any]:
    body = {"question": question, "mode": "text"} | (
        {"conversation_id": conversation_id} if conversation_id else {}
    )
    response = await person.http.post("/api/query", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def told(prompts: list[Prompt]) -> str:
    return "\n".join(message.content for prompt in prompts for message in prompt.messages)


async def test_a_follow_up_is_searched_for_as_the_question_it_stands_for(ada: Any, model: TwoSided) -> None:
    conversation_id = (await ask(ada, FIRST))["conversation_id"]
    assert model.rewritten == []
    answered = await ask(ada, THEN, conversation_id)
    assert FIRST in told(model.rewritten)
    assert THEN in told(model.rewritten)
    assert model.answered[-1].messages[-1].content == THEN  # what is answered is what was asked
    assert answered["citations"][0]["snippet"] == "Returns take a week."


async def test_no_follow_up_sees_anothers_turn(ada: Any, bob: Any, model: TwoSided, refused: Refused) -> None:
    conversation_id = (await ask(ada, FIRST))["conversation_id"]
    asked = len(model.answered)
    stolen = {"question": THEN, "conversation_id": conversation_id}
    response = await bob.http.post("/api/query", json=stolen)
    missing = await bob.http.post("/api/query", json=stolen | {"conversation_id": "none"})
    details = {refused(each, 404, "not-found")["detail"] for each in (response, missing)}
    assert len(details) == 1
    assert (len(model.answered), model.rewritten) == (asked, [])


async def test_a_turn_that_is_withheld_is_told_to_no_model(
    ada: Any, services: Services, model: TwoSided
) -> None:
    await ingested(services, "Returns of toys take a day.", "shared/toys.txt")
    conversation_id = (await ask(ada, FIRST))["conversation_id"]
    document_id = documents.document_id("shared/terms.txt")

    assert await readers.share(document_id, frozenset({"user:somebody-else"}), services)
    await ask(ada, THEN, conversation_id)
    assert model.rewritten == []
    assert len(model.answered) == 2
    assert "SECRET" not in told(model.answered[1:])

    assert await readers.share(document_id, frozenset({EVERYONE}), services)
    await ask(ada, THEN, conversation_id)
    assert "SECRET" in told(model.rewritten)
    assert "SECRET" in told(model.answered[2:])


async def test_an_unusable_rewriting_leaves_the_question_before_it_to_the_search(
    ada: Any, model: TwoSided
) -> None:
    model.rewriting = ""
    conversation_id = (await ask(ada, FIRST))["conversation_id"]
    await ask(ada, THEN, conversation_id)
    pages = {passage.chunk.page for passage in model.answered[-1].passages}
    assert pages == {1, 2}


@pytest.mark.parametrize(("setting", "suggested"), [(0, []), (1, ["How long do returns take?"])])
async def test_an_answer_suggests_as_many_follow_ups_as_are_set(
    ada: Any, services: Services, model: TwoSided, setting: int, suggested: list[str]
) -> None:
    model.rewriting = "1. How long do returns take?\n2. Who pays for returns?"
    some = replace(services, limits=replace(services.limits, follow_ups=setting))
    caller = Principal(user_id=ada.user_id, email=ada.email)
    events = [event async for event in answer(Question(text=FIRST, mode="text"), caller, some)]
    assert isinstance(events[-1], DoneEvent)
    assert list(events[-1].answer.follow_ups) == suggested
