"""What only the Azure deployment does; what every embedder does is in tests/contract."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

import pytest

from shared.embedders.azure_openai import AzureOpenAIEmbedder
from shared.errors import BackendUnavailable, ConfigError, RagError, Throttled
from tests.stand_ins.openai_server import EMBEDDING, OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.behave(api_key="key")
        yield server


@pytest.fixture
async def embedder(server: OpenAIServer) -> AsyncIterator[AzureOpenAIEmbedder]:
    embedder = open_embedder(server)
    yield embedder
    await embedder.close()


def open_embedder(server: OpenAIServer, **changes: Any) -> AzureOpenAIEmbedder:
    arguments = {"endpoint": server.endpoint, "deployment": EMBEDDING, "api_version": "2024-10-21"}
    return AzureOpenAIEmbedder(**{**arguments, "dimension": 64, "credential": "key", **changes})


def cosine(one: Any, other: Any) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def failure(embedder: AzureOpenAIEmbedder, kind: type[RagError] = BackendUnavailable) -> Any:
    with pytest.raises(kind) as caught:
        await embedder.embed_query("Why?")
    await embedder.close()
    return caught.value


async def test_the_name_and_the_dimension_are_those_of_the_deployment(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder
) -> None:
    assert (embedder.name, embedder.dimension) == (f"azure_openai:{EMBEDDING}", 64)
    assert len(await embedder.embed_query("Why?")) == 64
    assert server.requests[0]["dimensions"] == 64


async def test_many_texts_go_in_batches_and_come_back_in_order(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder
) -> None:
    texts = [f"rule{number}" for number in range(150)] + [f"law{number} " * 500 for number in range(20)]
    embeddings = await embedder.embed_passages(texts)
    sent = [request["input"] for request in server.requests]
    assert [text.strip() for text in texts] == [text for batch in sent for text in batch]
    assert max(map(len, sent)) == 64
    assert max(sum(map(len, batch)) for batch in sent) <= 64_000
    for index in (0, 63, 64, 149, 150, 169):
        assert cosine(embeddings[index], await embedder.embed_query(texts[index])) == pytest.approx(1)


async def test_a_text_is_cut_until_the_model_takes_it_at_a_characters_end(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder
) -> None:
    server.behave(embedding_tokens=300)
    short, long = await embedder.embed_passages(["short", "größer " * 4_000])
    assert cosine(short, await embedder.embed_query("short")) == pytest.approx(1)
    assert cosine(long, long) == pytest.approx(1)
    assert server.requests[-2]["input"][1].startswith("größer größer")
    assert "�" not in server.requests[-2]["input"][1]


async def test_a_model_that_is_too_small_for_anything_is_unavailable(server: OpenAIServer) -> None:
    server.behave(embedding_tokens=0)
    assert "AZURE_OPENAI_API_VERSION" in str(await failure(open_embedder(server)))


async def test_an_older_model_with_one_dimension_is_not_asked_for_another(server: OpenAIServer) -> None:
    server.behave(refuses=frozenset({"dimensions"}), dimension=1536)
    embedder = open_embedder(server, dimension=1536)
    assert len(await embedder.embed_query("Why?")) == 1536
    await embedder.embed_query("Why?")
    assert ["dimensions" in request for request in server.requests] == [True, False, False]
    await embedder.close()


async def test_another_dimension_than_the_settings_say_is_a_mistake_of_the_settings(
    server: OpenAIServer,
) -> None:
    server.behave(refuses=frozenset({"dimensions"}), dimension=128)
    error = str(await failure(open_embedder(server), ConfigError))
    assert "AZURE_OPENAI_EMBEDDING_DIMENSION to 128" in error
    assert "AZURE_OPENAI_EMBEDDING_DEPLOYMENT" in error


async def test_a_question_does_not_wait_for_passages_that_wait(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder
) -> None:
    server.behave(first_token_delay=30)
    ingestion = [asyncio.create_task(embedder.embed_passages(["passage"])) for _ in range(9)]
    async with asyncio.timeout(5):
        while len(server.requests) < 4:
            await asyncio.sleep(0.01)
    server.behave(first_token_delay=0)
    await embedder.embed_query("question")
    await embedder.embed_passages(["sentence"], urgent=True)
    assert [request["input"] for request in server.requests[4:]] == [["question"], ["sentence"]]
    for task in ingestion:
        task.cancel()
    assert {type(ended) for ended in await asyncio.gather(*ingestion, return_exceptions=True)} == {
        asyncio.CancelledError
    }


async def test_a_throttled_account_is_left_alone_for_as_long_as_it_says(server: OpenAIServer) -> None:
    server.refuse_next(1, retry_after="40")
    started = monotonic()
    assert (await failure(open_embedder(server))).retry_after == 40
    assert monotonic() - started < 3
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "retry_after", "told"), [(429, "7", 7), (429, None, 5), (503, "0.5", 0.5)]
)
async def test_passages_are_not_asked_for_again_when_the_service_is_busy(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder, status: int, retry_after: str | None, told: float
) -> None:
    server.refuse_next(1, status=status, retry_after=retry_after)
    with pytest.raises(Throttled) as caught:
        await embedder.embed_passages(["passage"])
    assert caught.value.retry_after == told
    assert len(server.requests) == 1


async def test_a_failing_service_is_none_that_is_asked_too_much(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder
) -> None:
    server.refuse_next(1, status=503, retry_after=None)
    with pytest.raises(BackendUnavailable) as caught:
        await embedder.embed_passages(["passage"])
    assert not isinstance(caught.value, Throttled)


@pytest.mark.parametrize(
    ("behaviour", "arguments", "message"),
    [
        ({}, {"credential": "expired"}, "AZURE_OPENAI_API_KEY"),
        ({}, {"deployment": "gone"}, "AZURE_OPENAI_EMBEDDING_DEPLOYMENT"),
        ({}, {"deployment": "chat"}, "HTTP 400; check AZURE_OPENAI_EMBEDDING_DEPLOYMENT"),
        ({}, {"api_version": "one"}, "AZURE_OPENAI_API_VERSION"),
        ({}, {"endpoint": "http://127.0.0.1:9"}, "AZURE_OPENAI_ENDPOINT"),
        ({"body": "<html>Welcome</html>"}, {}, "AZURE_OPENAI_ENDPOINT"),
        ({"body": '{"data": []}'}, {}, "AZURE_OPENAI_ENDPOINT"),
        ({"status": 500}, {}, "HTTP 500"),
    ],
)
async def test_every_failure_names_what_to_do(
    server: OpenAIServer, behaviour: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    server.behave(**behaviour)
    error = str(await failure(open_embedder(server, **arguments)))
    assert message in error
    assert "expired" not in error, "a key is nobody's to read"
    assert len(server.requests) <= 1


async def test_a_vector_without_a_direction_is_no_embedding(server: OpenAIServer) -> None:
    zeros = ",".join(["0.0"] * 64)
    server.behave(
        body=f'{{"object":"list","model":"m","data":[{{"object":"embedding","index":0,"embedding":[{zeros}]}}],'
        '"usage":{"prompt_tokens":1,"total_tokens":1}}'
    )
    assert "direction" in str(await failure(open_embedder(server)))


async def test_no_vocabulary_is_fetched_and_nobody_else_is_asked(
    server: OpenAIServer, embedder: AzureOpenAIEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside: list[object] = []

    def refuse(host: object, *_: object, **__: object) -> None:
        outside.append(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", refuse)  # the server is an address, not a name
    await embedder.embed_passages(["A passage.", "x" * 100_000])
    assert outside == []
