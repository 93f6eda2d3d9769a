"""The packages `openai` and `langchain-openai`, unmodified, against a running host."""

from collections.abc import AsyncIterator, Iterator

import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionUserMessageParam
from pydantic import SecretStr

from tests.real_host import RealHost
from tests.stand_ins.openai_server import MODEL, OpenAIServer

TEXT = "For how long are returns free?"
QUESTION: ChatCompletionUserMessageParam = {"role": "user", "content": TEXT}
ANSWER = "Returns are free for thirty days. [1]"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture
def client(host: RealHost, token: str, model: OpenAIServer) -> Iterator[openai.OpenAI]:
    address = f"http://127.0.0.1:{host.port}/api/v1"
    with openai.OpenAI(base_url=address, api_key=token, max_retries=0) as client:
        yield client


@pytest.fixture
async def chat(client: openai.OpenAI) -> AsyncIterator[ChatOpenAI]:
    with openai.DefaultHttpxClient() as http:
        async with openai.DefaultAsyncHttpxClient() as async_http:
            yield ChatOpenAI(
                model="rag",
                base_url=str(client.base_url),
                api_key=SecretStr(client.api_key),
                max_retries=0,
                http_client=http,
                http_async_client=async_http,
            )


def streamed(client: openai.OpenAI) -> list[ChatCompletionChunk]:
    with client.chat.completions.create(
        model="rag", messages=[QUESTION], stream=True, stream_options={"include_usage": True}
    ) as stream:
        return list(stream)


def text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_answer_arrives_whole_with_its_citations_and_usage(client: openai.OpenAI) -> None:
    told = client.chat.completions.create(model="rag", messages=[QUESTION])
    (choice,) = told.choices
    assert (choice.message.role, choice.message.content) == ("assistant", ANSWER)
    assert choice.finish_reason == "stop"
    assert choice.message.to_dict()["context"]["citations"][0]["document"].endswith("returns.md")
    (noted,) = choice.message.annotations or []
    assert ANSWER[noted.url_citation.start_index : noted.url_citation.end_index] == "[1]"
    assert noted.url_citation.title.endswith("returns.md, section 1")
    assert told.usage is not None
    assert told.usage.total_tokens == told.usage.prompt_tokens + told.usage.completion_tokens > 0


def test_a_stream_is_the_same_answer_in_pieces(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="rag", messages=[QUESTION])
    *chunks, last, usage = streamed(client)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert text([*chunks, last]) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in (*chunks, last)] == [None] * len(chunks) + ["stop"]
    context = last.choices[0].delta.to_dict()["context"]
    assert context["citations"] == whole.choices[0].message.to_dict()["context"]["citations"]
    notes = whole.choices[0].message.to_dict()["annotations"]
    assert last.choices[0].delta.to_dict()["annotations"] == notes
    assert all(chunk.usage is None for chunk in (*chunks, last))
    assert (usage.choices, usage.usage) == ([], whole.usage)


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [listed.id for listed in client.models.list()] == [MODEL, "extractive"]
    assert client.models.retrieve("rag").id == "rag"
    with pytest.raises(openai.NotFoundError, match="there is no such model"):
        client.models.retrieve("gpt-4o")


def test_a_refusal_is_the_clients_own_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="the last message must be the user's") as refused:
        client.chat.completions.create(model="rag", messages=[{"role": "assistant", "content": "Hello."}])
    assert (refused.value.code, refused.value.type) == ("invalid-request", "urn:rag:problem:invalid-request")
    assert refused.value.request_id
    with pytest.raises(openai.AuthenticationError, match="token"):
        client.with_options(api_key="none").chat.completions.create(model="rag", messages=[QUESTION])


def test_a_stream_that_breaks_ends_in_the_clients_error(client: openai.OpenAI, model: OpenAIServer) -> None:
    model.behave(answer="Free [1] for thirty days, or for longer.", error_after=5)
    seen = []
    with (
        client.chat.completions.create(model="rag", messages=[QUESTION], stream=True) as stream,
        pytest.raises(openai.APIError) as broken,
    ):
        seen.extend(stream)
    assert text(seen).startswith("Free [1]")
    assert broken.value.code == "backend-unavailable"


def test_langchain_answers_whole_and_in_pieces_alike(chat: ChatOpenAI) -> None:
    whole = chat.invoke(TEXT)
    assert whole.text == ANSWER
    pieces = [piece for piece in chat.stream(TEXT, stream_usage=True) if isinstance(piece, AIMessageChunk)]
    assert len(pieces) > 1
    joined = sum(pieces[1:], pieces[0])
    assert joined.text == whole.text
    assert whole.usage_metadata is not None
    assert joined.usage_metadata == whole.usage_metadata
    assert whole.usage_metadata["total_tokens"] > 0


async def test_langchain_streams_without_blocking_too(chat: ChatOpenAI) -> None:
    assert "".join([piece.text async for piece in chat.astream(TEXT)]) == ANSWER
    assert (await chat.ainvoke([("human", TEXT)])).text == ANSWER


def test_langchain_raises_the_clients_error(chat: ChatOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="the last message must be the user's"):
        chat.invoke([("assistant", "Hello.")])
