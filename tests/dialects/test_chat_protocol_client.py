"""The npm package `@microsoft/ai-chat-protocol`, unmodified, against a running host."""

from typing import Any

import pytest

from tests.dialects.npm_client import NpmClient
from tests.real_host import RealHost
from tests.stand_ins.openai_server import OpenAIServer

QUESTION = {"role": "user", "content": "For how long are returns free?"}
ANSWER = "Returns are free for thirty days. [1]"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture
def client(host: RealHost, token: str, model: OpenAIServer) -> NpmClient:
    return NpmClient(endpoint=f"http://127.0.0.1:{host.port}/api/chat", token=token)


def text(told: dict[str, Any]) -> str:
    return "".join(each["delta"].get("content", "") for each in told["deltas"])


def test_an_answer_arrives_whole_with_its_citations_and_usage(client: NpmClient) -> None:
    told = client.ask(QUESTION, streamed=False)["completion"]
    assert told["message"]["role"] == "assistant"
    assert told["message"]["content"] == ANSWER
    assert told["message"]["context"]["citations"][0]["document"].endswith("returns.md")
    assert told["message"]["context"]["usage"]["completion_tokens"] > 0


def test_a_stream_is_the_same_answer_in_pieces(client: NpmClient) -> None:
    whole = client.ask(QUESTION, streamed=False)["completion"]
    told = client.ask(QUESTION, streamed=True)
    assert "error" not in told
    first, last = told["deltas"][0], told["deltas"][-1]
    assert first["delta"]["role"] == "assistant"
    assert first["delta"]["context"]["passages"][0]["page"] == 1
    assert text(told) == whole["message"]["content"]
    for name in ("citations", "usage"):
        assert last["delta"]["context"][name] == whole["message"]["context"][name]
    assert first["sessionState"] == last["sessionState"]


@pytest.mark.parametrize("streamed", [False, True])
def test_the_session_state_continues_the_conversation(
    client: NpmClient, host: RealHost, streamed: bool
) -> None:
    first = client.ask(QUESTION, streamed=streamed)
    state = first["deltas"][-1]["sessionState"] if streamed else first["completion"]["sessionState"]
    client.ask({"role": "user", "content": "And after thirty days?"}, streamed=streamed, session_state=state)
    turns = host.client.get(f"/api/conversations/{state}").raise_for_status().json()["turns"]
    assert [turn["question"] for turn in turns] == [QUESTION["content"], "And after thirty days?"]


def test_messages_can_be_sent_back_as_they_were_received(client: NpmClient, model: OpenAIServer) -> None:
    received = client.ask(QUESTION, streamed=False)["completion"]["message"]
    again = client.ask(QUESTION, received, QUESTION, streamed=False)
    assert again["completion"]["message"]["content"] == ANSWER
    assert ANSWER in [message["content"] for message in model.requests[-1]["messages"]]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_is_the_error_that_the_client_throws(
    client: NpmClient, host: RealHost, streamed: bool
) -> None:
    told = client.ask({"role": "assistant", "content": "Hello."}, streamed=streamed)
    assert told["error"] == {"code": "invalid-request", "message": "the last message must be the user's"}
    stranger = NpmClient(endpoint=client.endpoint, token="none")
    assert stranger.ask(QUESTION, streamed=streamed)["error"]["code"] == "not-authenticated"


def test_a_stream_that_breaks_ends_in_the_error_that_the_client_throws(
    client: NpmClient, model: OpenAIServer
) -> None:
    model.behave(answer="Free [1] for thirty days, or for longer.", error_after=5)
    told = client.ask(QUESTION, streamed=True)
    assert text(told).startswith("Free [1]")
    assert told["error"]["code"] == "backend-unavailable"
