"""What only the Azure deployment does; what every chat model does is in tests/contract."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.chat_models.azure_openai import AzureOpenAIChat
from shared.domain import ChatDelta, Message, Prompt, Usage
from shared.errors import BackendTimeout, BackendUnavailable, Refused, Throttled
from tests.stand_ins.openai_server import CHAT, OpenAIServer

PROMPT = Prompt(
    question="Are returns free?",
    passages=(),
    messages=(
        Message(role="system", content="Answer from the passages."),
        Message(role="user", content="Are returns free?"),
    ),
    max_tokens=77,
)


class Identity:
    """Hands out one token, or fails as azure-identity does."""

    def __init__(self, token: str | None = "token") -> None:
        self._token = token
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        if self._token is None:
            raise ClientAuthenticationError("no identity is configured")
        return AccessToken(self._token, 2**32)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.behave(api_key="key", bearer_token="token")
        yield server


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[AzureOpenAIChat]:
    model = open_model(server)
    yield model
    await model.close()


def open_model(server: OpenAIServer, **changes: Any) -> AzureOpenAIChat:
    arguments = {"endpoint": server.endpoint, "deployment": CHAT, "api_version": "2024-10-21"}
    return AzureOpenAIChat(**{**arguments, "credential": "key", **changes})


async def answer(model: AzureOpenAIChat, timeout: float = 10) -> list[ChatDelta]:
    return [delta async for delta in model.stream(PROMPT, timeout=timeout)]


async def failure(model: AzureOpenAIChat, timeout: float = 10) -> BackendUnavailable:
    with pytest.raises(BackendUnavailable) as caught:
        await answer(model, timeout)
    await model.close()
    return caught.value


async def test_the_answer_arrives_in_pieces_and_ends_with_its_usage(
    server: OpenAIServer, model: AzureOpenAIChat
) -> None:
    server.behave(has_empty_choices=True)
    deltas = await answer(model)
    assert "".join(delta.text for delta in deltas) == server.behaviour.answer
    assert len(deltas) > 3
    assert deltas[-1] == ChatDelta(usage=Usage(prompt_tokens=7, completion_tokens=7))


async def test_an_identity_needs_no_key_and_asks_for_a_token_of_the_service(server: OpenAIServer) -> None:
    server.behave(api_key="nobody has it")
    identity = Identity()
    model = open_model(server, credential=identity)
    assert identity.scopes == [], "nothing is fetched before it is needed"
    assert await answer(model)
    assert identity.scopes == ["https://cognitiveservices.azure.com/.default"]
    await model.close()


@pytest.mark.parametrize("credential", ["key", Identity()])
async def test_what_the_environment_says_changes_nothing(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, credential: object
) -> None:
    for name in ("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "OPENAI_API_BASE"):
        monkeypatch.setenv(name, "https://elsewhere.example")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example")
    model = open_model(server, credential=credential)
    assert await answer(model)
    await model.close()


async def test_newer_models_are_asked_in_their_own_dialect_from_the_first_answer_on(
    server: OpenAIServer, model: AzureOpenAIChat
) -> None:
    server.behave(refuses=frozenset({"max_tokens", "temperature"}))
    await answer(model)
    await answer(model)
    assert len(server.requests) == 3
    assert server.requests[-1]["max_completion_tokens"] == 77
    assert server.requests[-1]["stream_options"] == {"include_usage": True}


async def test_a_deployment_that_changes_its_model_is_understood_again(
    server: OpenAIServer, model: AzureOpenAIChat
) -> None:
    server.behave(refuses=frozenset({"max_completion_tokens"}))
    assert await answer(model)
    assert (server.requests[-1]["max_tokens"], server.requests[-1]["temperature"]) == (77, 0)
    server.behave(refuses=frozenset({"max_tokens"}))
    assert await answer(model)
    assert (server.requests[-1]["max_completion_tokens"], server.requests[-1]["temperature"]) == (77, 0)


async def test_a_model_that_refuses_every_dialect_is_unavailable(server: OpenAIServer) -> None:
    server.behave(refuses=frozenset({"max_tokens", "max_completion_tokens"}))
    assert "AZURE_OPENAI_API_VERSION" in str(await failure(open_model(server)))
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "retry_after", "kind"),
    [(429, "6", Throttled), (429, None, Throttled), (503, "6", Throttled), (503, None, BackendUnavailable)],
)
async def test_a_busy_service_is_not_asked_again_here_and_says_how_long_it_wants_to_rest(
    server: OpenAIServer, status: int, retry_after: str | None, kind: type[BackendUnavailable]
) -> None:
    server.refuse_next(1, status=status, retry_after=retry_after)
    error = await failure(open_model(server))
    assert (type(error), error.retry_after) == (kind, float(retry_after or 5))
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [{"filters_prompt": True}, {"finish_reason": "content_filter"}])
async def test_a_content_filter_refuses_and_is_no_outage(
    server: OpenAIServer, behaviour: dict[str, Any]
) -> None:
    server.behave(**behaviour)
    assert isinstance(await failure(open_model(server)), Refused)


@pytest.mark.parametrize(
    ("behaviour", "arguments", "message"),
    [
        ({}, {"credential": "expired"}, "AZURE_OPENAI_API_KEY"),
        ({"has_role": False}, {"credential": Identity()}, "Cognitive Services OpenAI User"),
        ({}, {"credential": Identity(token=None)}, "Cognitive Services OpenAI User"),
        ({}, {"deployment": "gone"}, "gone of Azure OpenAI does not exist.*AZURE_OPENAI_CHAT_DEPLOYMENT"),
        ({}, {"deployment": "gone", "deployment_setting": "X_DEPLOYMENT"}, "X_DEPLOYMENT"),
        ({}, {"api_version": "one"}, "AZURE_OPENAI_API_VERSION"),
        ({}, {"endpoint": "http://127.0.0.1:9"}, "AZURE_OPENAI_ENDPOINT"),
        ({"body": "<html>Welcome</html>"}, {}, "AZURE_OPENAI_ENDPOINT"),
        ({"status": 500}, {}, "HTTP 500"),
        ({"reset_after": 0}, {}, "hung up"),
        ({"reset_after": 3}, {}, "hung up"),
        ({"error_after": 3}, {}, "broke off"),
        ({"filters_prompt": True}, {}, "content filter"),
        ({"finish_reason": "content_filter"}, {}, "content filter"),
        ({"answer": ""}, {}, "without a word"),
        ({"answer": "", "finish_reason": "length"}, {}, "RAG_ANSWER_TOKENS"),
    ],
)
async def test_every_failure_names_what_to_do(
    server: OpenAIServer, behaviour: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    server.behave(**behaviour)
    error = await failure(open_model(server, **arguments))
    assert re.search(message, str(error))
    assert "expired" not in str(error), "a key is nobody's to read"
    assert len(server.requests) <= 1


@pytest.mark.parametrize("slow", [{"first_token_delay": 60}, {"stall_after": 2}])
async def test_a_silent_deployment_is_a_timeout_at_the_deadline(
    server: OpenAIServer, slow: dict[str, float]
) -> None:
    server.behave(**slow)
    started = monotonic()
    assert isinstance(await failure(open_model(server), timeout=0.5), BackendTimeout)
    assert monotonic() - started < 2
    assert await asyncio.to_thread(server.client_left.wait, 2)


async def test_closing_the_iterator_hangs_up(server: OpenAIServer, model: AzureOpenAIChat) -> None:
    server.behave(token_delay=0.02, answer="word " * 2_000)
    stream = model.stream(PROMPT, timeout=60)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(server.client_left.wait, 2)


async def test_no_vocabulary_is_fetched_and_nobody_else_is_asked(
    server: OpenAIServer, model: AzureOpenAIChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside: list[object] = []

    def refuse(host: object, *_: object, **__: object) -> None:
        outside.append(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", refuse)  # the server is an address, not a name
    await answer(model)
    assert outside == []


async def test_over_tls_too() -> None:
    with OpenAIServer(tls=True) as server:
        model = open_model(server)
        assert await answer(model)
        await model.close()
