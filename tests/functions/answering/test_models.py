"""Which model answers: the host's own, unless the question names another."""

import json

import pytest

from shared.errors import BackendUnavailable
from tests.functions.answering.test_query import QUESTION, STREAMED, events

MESSAGES = [{"role": "user", "content": QUESTION["question"]}]
# How each dialect names a model, and where its answer is.
DIALECTS = {
    "/api/query": (lambda model: QUESTION | {"model": model}, lambda told: told),
    "/api/chat": (
        lambda model: {"messages": MESSAGES, "context": {"model": model, "theme": "dark"}},
        lambda told: told["message"]["context"],
    ),
    "/api/v1/chat/completions": (
        lambda model: {"messages": MESSAGES, "model": model},
        lambda told: told["choices"][0]["message"]["context"],
    ),
}

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
def answer_ttl() -> float:
    return 60.0


async def test_the_hosts_model_and_the_quoting_one_are_listed(ada) -> None:
    listed = (await ada.http.get("/api/v1/models")).json()["data"]
    assert [each["id"] for each in listed] == ["told", "extractive"]
    assert (await ada.http.get("/api/v1/models/extractive")).json() == listed[1]
    assert (await ada.http.get("/api/v1/models/rag")).json()["id"] == "rag"
    assert (await ada.http.get("/api/v1/models/org/gpt-4o")).status_code == 404


@pytest.mark.parametrize("path", DIALECTS)
async def test_each_dialect_names_its_model(ada, model, path) -> None:
    asking, told_by = DIALECTS[path]
    for name, answered_by in (("told", "told"), ("rag", "told"), ("extractive", "extractive")):
        told = told_by((await ada.http.post(path, json=asking(name))).json())
        assert (told["model"], told["degraded"]) == (answered_by, None)
    assert len(model.prompts) == 1, "the second answer was remembered, the third is a quotation"


@pytest.mark.parametrize("path", DIALECTS)
async def test_an_unknown_model_is_refused_with_those_there_are(ada, model, path) -> None:
    response = await ada.http.post(path, json=DIALECTS[path][0]("gpt-9"))
    assert (response.status_code, response.json()["type"]) == (422, "urn:rag:problem:invalid-request")
    assert response.json()["detail"].endswith("choose one of told, extractive")
    assert not model.prompts


async def test_a_search_has_no_model(ada) -> None:
    assert (await ada.http.post("/api/search", json=QUESTION | {"model": "told"})).status_code == 422


async def test_quotations_that_were_asked_for_cost_nothing_and_need_no_model(ada, model) -> None:
    model.error = BackendUnavailable("down")
    told = (await ada.http.post("/api/query", json=QUESTION | {"model": "extractive"})).json()
    assert "two years" in told["answer"]
    assert (told["degraded"], told["usage"]) == (None, {"prompt_tokens": 0, "completion_tokens": 0})
    assert not model.prompts
    spent = (await ada.http.get("/api/usage")).json()["total"]
    assert (spent["questions"], spent["prompt_tokens"], spent["saved_tokens"]) == (1, 0, 0)


async def test_what_one_model_said_is_not_remembered_for_another(ada, model) -> None:
    await ada.http.post("/api/query", json=QUESTION)
    told = (await ada.http.post("/api/query", json=QUESTION | {"model": "extractive"})).json()
    assert (told["cached"], told["model"]) == (False, "extractive")
    told = (await ada.http.post("/api/query", json=QUESTION)).json()
    assert (told["cached"], told["model"]) == (True, "told")


async def test_a_conversation_remembers_who_answered(ada) -> None:
    response = await ada.http.post("/api/query", json=QUESTION | {"model": "extractive"}, headers=STREAMED)
    name, done = events(response.text)[-1]
    assert (name, done["model"]) == ("done", "extractive")
    follow_up = QUESTION | {"conversation_id": done["conversation_id"]}
    await ada.http.post("/api/query", json=follow_up)
    shown = (await ada.http.get(f"/api/conversations/{done['conversation_id']}")).json()
    assert [turn["model"] for turn in shown["turns"]] == ["extractive", "told"]


async def test_a_completion_says_which_model_was_asked(ada) -> None:
    body = {"messages": MESSAGES, "model": "extractive"}
    whole = (await ada.http.post("/api/v1/chat/completions", json=body)).json()
    streamed = (await ada.http.post("/api/v1/chat/completions", json=body | {"stream": True})).text
    first = json.loads(streamed.split("\n\n")[0].removeprefix("data: "))
    assert whole["model"] == first["model"] == "extractive"
