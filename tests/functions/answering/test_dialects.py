import json

import pytest

MESSAGES = [{"role": "user", "content": "How long does the warranty last?"}]

pytestmark = pytest.mark.usefixtures("library")


def data_of(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]


async def test_the_chat_protocol_answers_whole_and_in_lines_alike(ada) -> None:
    whole = (await ada.http.post("/api/chat", json={"messages": MESSAGES})).json()
    assert whole["message"]["content"] == "Two years [1]."
    assert whole["message"]["context"]["citations"][0]["page"] == 1
    response = await ada.http.post("/api/chat/stream", json={"messages": MESSAGES})
    assert response.headers["content-type"].startswith("application/jsonl")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines[0]["delta"]["role"] == "assistant"
    assert "".join(line["delta"].get("content", "") for line in lines) == "Two years [1]."
    assert lines[-1]["delta"]["context"]["citations"] == whole["message"]["context"]["citations"]


async def test_every_dialect_tells_all_that_is_known_of_an_answer(ada) -> None:
    body = {"messages": MESSAGES}
    told = (await ada.http.post("/api/query", json={"question": MESSAGES[0]["content"]})).json()
    context = (await ada.http.post("/api/chat", json=body)).json()["message"]["context"]
    assert set(context) == set(told) - {"answer"}
    lines = (await ada.http.post("/api/chat/stream", json=body)).text.splitlines()
    assert set(json.loads(lines[-1])["delta"]["context"]) == set(context)
    completion = (await ada.http.post("/api/v1/chat/completions", json=body)).json()
    assert set(completion["choices"][0]["message"]["context"]) == set(context)
    streamed = await ada.http.post("/api/v1/chat/completions", json=body | {"stream": True})
    *_, last, done = data_of(streamed.text)
    assert set(json.loads(last)["choices"][0]["delta"]["context"]) == set(context)
    assert done == "[DONE]"


async def test_the_chat_protocol_continues_by_its_session_state(ada, model) -> None:
    first = (await ada.http.post("/api/chat", json={"messages": MESSAGES})).json()
    again = {"messages": MESSAGES, "sessionState": first["sessionState"]}
    second = (await ada.http.post("/api/chat", json=again)).json()
    assert second["sessionState"] == first["sessionState"]
    assert len(model.prompts[-1].messages) == 4


async def test_the_openai_dialect_answers_whole_and_in_chunks_alike(ada) -> None:
    body = {"model": "rag", "messages": MESSAGES, "temperature": 0.5}
    whole = (await ada.http.post("/api/v1/chat/completions", json=body)).json()
    message = whole["choices"][0]["message"]
    assert (whole["object"], message["content"]) == ("chat.completion", "Two years [1].")
    assert message["context"]["citations"][0]["page"] == 1
    assert whole["usage"]["total_tokens"] == 57
    streamed = body | {"stream": True, "stream_options": {"include_usage": True}}
    lines = data_of((await ada.http.post("/api/v1/chat/completions", json=streamed)).text)
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    content = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert content == "Two years [1]."
    assert chunks[-1]["usage"]["total_tokens"] == 57
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"


async def test_history_told_by_an_openai_client_reaches_the_model(ada, model) -> None:
    history = [*MESSAGES, {"role": "assistant", "content": "Two years."}]
    content = [{"type": "text", "text": "And returns?"}]
    body = {"messages": [*history, {"role": "user", "content": content}]}
    assert (await ada.http.post("/api/v1/chat/completions", json=body)).status_code == 200
    assert [message.content for message in model.prompts[-1].messages][1:] == [
        "How long does the warranty last?",
        "Two years.",
        "And returns?",
    ]


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream", "/api/v1/chat/completions"])
async def test_a_chat_that_does_not_end_in_a_question_is_refused(ada, path) -> None:
    body = {"messages": [{"role": "assistant", "content": "Hello."}]}
    response = await ada.http.post(path, json=body)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    problem = response.json()
    assert problem["error"] == {
        "code": "invalid-request",
        "type": problem["type"],
        "message": problem["detail"],
        "param": None,
    }
